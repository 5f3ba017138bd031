"""Uses of actions by a ref that can move, and which commit each ref stands for: by the lock, or by the repository."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from workers.fixers.registry import NoFix
from workers.fixers.workflows import own
from workers.fixers.workflows.model import Workflow
from workers.source import actions_lock, pinned
from workers.source.actions_lock import Action, numbers
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node, Path

_USES = re.compile(r"(?P<name>(?P<repository>[\w.-]+/[\w.-]+)(?:/[^@\s]+)?)@(?P<ref>\S+)")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NEEDS_TAG = "slsa-framework/slsa-github-generator/.github/workflows/"
TOOL_REFS = {
    "taiki-e/install-action": ("tool", re.compile(r"[a-z][\w-]*")),
    "dtolnay/rust-toolchain": ("toolchain", re.compile(r"v?(?P<tool>\d+\.\d+(?:\.\d+)?|nightly-\d{4}-\d\d-\d\d|miri)")),
}
"""Actions whose ref names a tool instead of a release of their own, with the input that names it as well."""


@dataclass(frozen=True)
class Pin:
    """What a use becomes."""

    commit: str
    version: str
    tool: str = ""
    """The tool that the old ref named, where it becomes an input."""
    read: str = ""
    """The file of this repository that pins it so; empty where the lock says it."""


@dataclass(frozen=True)
class Use:
    """One `uses:` of the file."""

    path: Path
    node: Node
    holder: Node
    """The step or job that has it."""
    name: str
    repository: str
    ref: str


def uses_of(workflow: Workflow) -> Iterator[Use]:
    """Every use by a ref that can move, of jobs and steps."""
    holders: list[tuple[Path, Node]] = [(job.path, job.node) for job in workflow.jobs]
    holders += [(step.path, step.node) for step in workflow.steps]
    for path, holder in holders:
        node = holder.child("uses")
        match = _USES.fullmatch(node.value) if node is not None and node.kind == "scalar" else None
        if node is not None and match is not None and not _COMMIT.fullmatch(match["ref"]):
            yield Use((*path, "uses"), node, holder, match["name"], match["repository"], match["ref"])


def own_path(tree: SourceTree, use: Use) -> str | None:
    """Where the tree holds it as its own, at the workflow's own commit; none where it does not."""
    try:
        return own.path_of(f"{use.name}@{use.ref}", tree)
    except NoFix:
        return None


class Known:
    """What is known of commits: by the lock, else by the repository's own pins."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree

    @functools.cached_property
    def _pins(self) -> list[pinned.Pin]:
        return list(pinned.of_tree(self._tree))

    def maybe(self, use: Use) -> Pin | None:
        """The commit that the ref stands for; none where it is not known, or is the repository's own."""
        try:
            return None if own_path(self._tree, use) is not None else self.pin(use)
        except NoFix:
            return None

    def pin(self, use: Use) -> Pin:
        """The commit that the ref stands for.

        Raises:
            NoFix: neither the lock nor the repository knows it, or the action must be named by a tag.
        """
        if use.name.startswith(_NEEDS_TAG):
            message = (
                "the SLSA generator proves where a build came from by its tag, so it must not be pinned to a commit"
            )
            raise NoFix(message)
        action = actions_lock.known(use.repository)
        if action is not None and use.ref in action.releases and len(numbers(use.ref)) > 2:
            return Pin(action.releases[use.ref], use.ref)
        locked = _line(action, use) if action is not None else None
        found = self._newer(use, locked)
        if found is None:
            read = f" (read: {action.read})" if action is not None else ""
            message = f"no commit is known offline for {use.repository}@{use.ref}{read}: `secaid pins` asks for it"
            raise NoFix(message)
        return found

    def _newer(self, use: Use, locked: Pin | None) -> Pin | None:
        """The lock's commit, unless the repository pins a newer release of the same line.

        Raises:
            NoFix: see `_pinned`.
        """
        if locked is None:
            return self._pinned(use)
        if locked.tool or not numbers(locked.version):
            return locked
        try:
            ours = self._pinned(use)
        except NoFix:
            return locked
        return ours if ours is not None and numbers(ours.version) > numbers(locked.version) else locked

    def _pinned(self, use: Use) -> Pin | None:
        """The newest release of the ref's line that the repository itself pins, with its version beside it.

        Raises:
            NoFix: it pins two commits under one version.
        """
        repository = use.repository.lower()
        fits = [one for one in self._pins if one.repository == repository and pinned.stands_for(one.version, use.ref)]
        best = max(fits, key=lambda one: numbers(one.version), default=None)
        if best is None:
            return None
        if len({one.commit for one in fits if one.version == best.version}) > 1:
            message = f"this repository pins {use.repository} {best.version} to more than one commit"
            raise NoFix(message)
        return Pin(best.commit, best.version, read=best.path)


def _line(action: Action, use: Use) -> Pin | None:
    line = numbers(use.ref.removeprefix("release/"))
    if line and len(line) < 3 and (tag := action.newest(use.ref.removeprefix("release/"))):
        return Pin(action.releases[tag], tag)
    if use.ref in action.branches:
        commit = action.branches[use.ref]
        return Pin(commit, action.at(commit) or use.ref)
    return _tool(action, use)


def _tool(action: Action, use: Use) -> Pin | None:
    """The action at a commit of its own, and the tool that the ref named as an input."""
    name, pattern = TOOL_REFS.get(use.repository, ("", None))
    match = pattern.fullmatch(use.ref) if pattern is not None else None
    if match is None or use.holder.get("with", name) is not None:
        return None
    tool = match.groupdict().get("tool", use.ref)
    newest = action.newest()
    if newest is not None:
        return Pin(action.releases[newest], newest, tool=tool)
    return Pin(action.branches["master"], "master", tool=tool) if "master" in action.branches else None
