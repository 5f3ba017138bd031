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

_DIGEST = re.compile(r"[\w./:${}-]+@(?P<digest>sha256:[0-9a-f]{64})\b")
_MANIFESTS = re.compile(r"(?:Docker|Container)file|\.ya?ml$|\.tf$|\.json$|\.lock$", re.IGNORECASE)
_PIN = re.compile(r"uses:\s*[\"']?(?P<name>[\w.-]+/[\w.-]+)(?:/[^@\s\"']*)?@(?P<commit>[0-9a-f]{40})\b", re.IGNORECASE)
_NAMED = re.compile(r"uses:\s*[\"']?(?P<name>[\w.-]+/[\w.-]+)(?:/[^@\s\"']*)?@(?P<ref>[\w./-]+)")


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
    return [
        *(f"nothing here shows that commit {commit[:12]} is one of {name}" for name, commit in sorted(doubtful)),
        *_other_releases(before, after),
    ]


def unknown_digests(before: bytes, after: bytes, tree: SourceTree) -> list[str]:
    """Image digests that only the patched file has, and that stand nowhere else here; as sentences."""
    fresh = {match["digest"] for match in _DIGEST.finditer(_text(after))} - {
        match["digest"] for match in _DIGEST.finditer(_text(before))
    }
    for path in tree.paths() if fresh else ():
        if _MANIFESTS.search(path):
            try:
                content = _text(tree.read(path))
            except SourceUnavailable:
                continue
            fresh = {digest for digest in fresh if digest not in content}
    return [f"nothing here shows an image with the digest {digest[:19]}" for digest in sorted(fresh)]


def _other_releases(before: bytes, after: bytes) -> Iterator[str]:
    """Actions that were named by a tag or branch, and are now pinned to a commit of another one."""
    named = {(match["name"].lower(), match["ref"]) for match in _NAMED.finditer(_text(before))}
    old = set(_pins(before))
    for name, commit in sorted(set(_pins(after)) - old):
        refs = {ref for other, ref in named if other == name}
        allowed = [commits for ref in refs if (commits := _line(name, ref))]
        if (
            refs
            and len(allowed) == len(refs)
            and commit in _lock().get(name, ())
            and not any(commit in commits for commits in allowed)
        ):
            yield f"commit {commit[:12]} is of another release of {name} than {' or '.join(sorted(refs))}"


def _line(name: str, ref: str) -> frozenset[str]:
    """The commits that a ref may mean: of the branch, or of the releases that the tag is or begins."""
    action = _actions().get(name)
    if action is None:
        return frozenset()
    tags = {tag: commit for tag, commit in action.releases.items() if tag == ref or tag.startswith(f"{ref}.")}
    return frozenset((*tags.values(), *(commit for branch, commit in action.branches.items() if branch == ref)))


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace")


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
def _actions() -> dict[str, _Action]:
    lock = msgspec.json.decode(resource("config", "actions.lock.json").read_bytes(), type=_Lock)
    return {name.lower(): action for name, action in lock.actions.items()}


@functools.cache
def _lock() -> dict[str, frozenset[str]]:
    return {
        name: frozenset((*action.releases.values(), *action.branches.values())) for name, action in _actions().items()
    }
