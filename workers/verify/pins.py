"""Commits that a fix pins an action to: each must be known to be that action's. An invented one satisfies any scanner.

Known are those of the lock that ships with secaid, and those that the repository itself pins the same action to.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

import msgspec

from daemon.errors import SourceUnavailable
from daemon.resources import resource
from workers.source.tree import SourceTree
from workers.verify.kinds import is_action, is_workflow

_PIN = re.compile(r"uses:\s*[\"']?(?P<name>[\w.-]+/[\w.-]+)(?:/[^@\s\"']*)?@(?P<commit>[0-9a-f]{40})\b", re.IGNORECASE)


class _Action(msgspec.Struct):
    releases: dict[str, str] = {}
    branches: dict[str, str] = {}


class _Lock(msgspec.Struct):
    actions: dict[str, _Action]


def unknown(before: bytes, after: bytes, tree: SourceTree) -> list[str]:
    """Pins that only the patched file has, of commits that nothing here shows to be the action's; as sentences."""
    fresh = set(_pins(after)) - set(_pins(before))
    doubtful = {(name, commit) for name, commit in fresh if commit not in _lock().get(name, ())}
    if doubtful:
        doubtful -= set(_of_tree(tree))
    return [f"nothing here shows that commit {commit[:12]} is one of {name}" for name, commit in sorted(doubtful)]


def _pins(content: bytes) -> Iterator[tuple[str, str]]:
    for match in _PIN.finditer(content.decode("utf-8", "replace")):
        yield match["name"].lower(), match["commit"].lower()


def _of_tree(tree: SourceTree) -> Iterator[tuple[str, str]]:
    for path in tree.paths():
        if is_workflow(path) or is_action(path):
            try:
                yield from _pins(tree.read(path))
            except SourceUnavailable:
                continue


@functools.cache
def _lock() -> dict[str, frozenset[str]]:
    lock = msgspec.json.decode(resource("config", "actions.lock.json").read_bytes(), type=_Lock)
    return {
        name.lower(): frozenset((*action.releases.values(), *action.branches.values()))
        for name, action in lock.actions.items()
    }
