"""Actions that workflows pin to a commit, with the version that the comment beside the pin names."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from daemon.errors import SourceUnavailable
from workers.source.tree import SourceTree

_PIN = re.compile(
    r"uses:\s*[\"']?(?P<repository>[\w.-]+/[\w.-]+)(?:/[^@\s\"']*)?@(?P<commit>[0-9a-f]{40})\b[\"']?"
    r"(?:[ \t]*#[ \t]*(?:tag=|pin@|ratchet:\S+@|renovate:\s*tag=)?(?P<version>[^\s,]+))?",
    re.IGNORECASE,
)
_RELEASE = re.compile(r"v?\d+(?:\.\d+)*", re.IGNORECASE)


class Pin(msgspec.Struct, frozen=True):
    """One `uses:` by commit."""

    repository: str
    """`owner/name`, in lower case."""
    commit: str
    version: str
    """What the comment says: a release or a branch; empty where there is none."""
    path: str
    """The file that it stands in."""


def pins(content: bytes, path: str = "") -> Iterator[Pin]:
    """Every pin of a workflow or action."""
    for match in _PIN.finditer(content.decode("utf-8", "replace")):
        yield Pin(match["repository"].lower(), match["commit"].lower(), match["version"] or "", path)


def files(tree: SourceTree) -> Iterator[str]:
    """The paths of the repository's workflows and actions."""
    for path in tree.paths():
        action = path.rpartition("/")[2] in ("action.yml", "action.yaml")
        if action or (path.startswith(".github/workflows/") and path.endswith((".yml", ".yaml"))):
            yield path


def of_tree(tree: SourceTree) -> Iterator[Pin]:
    """Every pin of the repository's workflows and actions."""
    for path in files(tree):
        try:
            yield from pins(tree.read(path), path)
        except SourceUnavailable:
            continue


def stands_for(version: str, ref: str) -> bool:
    """Whether a release or branch is what a ref means: itself, or a release of the line that it names."""
    if not version or version == ref:
        return version == ref
    if not _RELEASE.fullmatch(ref) or not _RELEASE.match(version):
        return False
    line, release = ref.lower().removeprefix("v"), version.lower().removeprefix("v")
    return release == line or release.startswith(f"{line}.")
