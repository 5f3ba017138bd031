"""The actions and reusable workflows of other repositories that a tree's workflows name, and by which refs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.errors import SourceUnavailable
from workers.source import called
from workers.source.called import Call
from workers.source.tree import SourceTree

_FILES = re.compile(r"(?:^|/)\.github/(?:workflows/[^/]+|.*action)\.ya?ml$|(?:^|/)action\.ya?ml$")
_USES = re.compile(
    r"^[ \t]*(?:-[ \t]+)?[\"']?uses[\"']?[ \t]*:[ \t]*[\"']?(?P<repository>[\w.-]+/[\w.-]+)(?:/[^@\s\"']*)?"
    r"@(?P<ref>[\w./-]+)",
    re.MULTILINE,
)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def uses_of_tree(tree: SourceTree) -> dict[str, set[str]]:
    """`owner/name`, in lower case → the refs that it is named by; none but pins leaves an empty set."""
    found: dict[str, set[str]] = {}
    for text in _texts(tree):
        for match in _USES.finditer(text):
            refs = found.setdefault(match["repository"].lower(), set())
            refs |= {match["ref"]} - set(_COMMIT.findall(match["ref"]))
    return found


def calls_of_tree(tree: SourceTree) -> set[Call]:
    """Every call of a workflow of another repository."""
    return {call for text in _texts(tree) for call in called.of_text(text)}


def _texts(tree: SourceTree) -> Iterator[str]:
    for path in tree.paths():
        if _FILES.search(path):
            try:
                yield tree.read(path).decode("utf-8", "replace")
            except SourceUnavailable:
                continue
