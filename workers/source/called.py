"""Reusable workflows of other repositories, each as its file was at the commit that `secaid pins` has read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from workers.source import actions_lock
from workers.source.tree import MemoryTree

_CALL = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)/(?P<path>\.github/workflows/[\w.-]+\.ya?ml)@(?P<ref>[\w./-]+)")
_USES = re.compile(r"^[ \t]*(?:-[ \t]+)?[\"']?uses[\"']?[ \t]*:[ \t]*[\"']?(?P<uses>[^\s\"'#]+)", re.MULTILINE)
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Call(NamedTuple):
    """`uses: owner/name/path@ref`, by the parts of it."""

    repository: str
    """In lower case."""
    path: str
    ref: str

    @property
    def commit(self) -> str:
        """The ref, where it is a commit; else empty."""
        return self.ref if _COMMIT.fullmatch(self.ref) else ""

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.repository}/{self.path}@{self.ref}"


class Called(MemoryTree):
    """The workflow that is called, and what else was read of its repository at that commit."""

    def __init__(self, call: Call, commit: str, files: Mapping[str, str], where: str) -> None:
        super().__init__({path: text.encode() for path, text in files.items()})
        self.call = call
        self.commit = commit
        self.where = where
        """Where it was read, and when."""


def of(uses: str) -> Call | None:
    """A call of another repository's workflow; none where it is another kind of use."""
    match = _CALL.fullmatch(uses)
    return Call(match["repository"].lower(), match["path"], match["ref"]) if match is not None else None


def of_text(text: str, inside: Call | None = None) -> set[Call]:
    """All such calls of a workflow. `inside`: where it lies, if it is of another repository: `./` is there then."""
    front = f"{inside.repository}/" if inside is not None else ""
    back = f"@{inside.ref}" if inside is not None else ""
    every = (match["uses"] for match in _USES.finditer(text))
    calls = (of(f"{front}{uses[2:]}{back}" if front and uses.startswith("./") else uses) for uses in every)
    return {call for call in calls if call is not None}


def find(uses: str) -> Called | None:
    """What was read of the called workflow; none where nothing was, or it is none of another repository."""
    call = of(uses)
    action = actions_lock.known(call.repository) if call is not None else None
    if call is None or action is None:
        return None
    commit = call.commit or action.releases.get(call.ref) or action.branches.get(call.ref, "")
    files = action.workflows.get(commit, {})
    return None if call.path not in files else Called(call, commit, files, action.read)
