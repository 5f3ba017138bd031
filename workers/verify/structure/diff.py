"""The semantic difference of two documents, as changes at paths, and which of them were declared."""

from __future__ import annotations

import difflib
import enum
import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

DELETE = "/delete"
_MAX_CHANGES = 200


class Kind(enum.StrEnum):
    """What happened at a path."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Change(msgspec.Struct, frozen=True):
    """One difference."""

    kind: Kind
    path: tuple[str, ...]

    def __str__(self) -> str:
        """`added jobs.build.permissions`."""
        return f"{self.kind} {'.'.join(self.path) or 'the whole document'}"


def difference(before: Any, after: Any) -> list[Change]:
    """What differs between two documents of mappings, lists and leaves; bounded, leaves first to last."""
    changes: list[Change] = []
    for change in _differ(before, after, ()):
        changes.append(change)
        if len(changes) == _MAX_CHANGES:
            break
    return changes


def undeclared(changes: Iterable[Change], declares: Sequence[str]) -> list[Change]:
    """The changes that no pattern covers."""
    return [change for change in changes if not any(covers(pattern, change) for pattern in declares)]


def covers(pattern: str, change: Change) -> bool:
    """Whether a declared pattern permits a change."""
    deletes = pattern.endswith(DELETE)
    if change.kind is Kind.REMOVED and not deletes:
        return False
    return bool(_compiled(pattern.removesuffix(DELETE)).fullmatch("\0".join(change.path)))


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    special = {"*": "[^\0]*", "**": ".*"}
    segments = re.sub(r"\[(\d+|\*)\]", r".\1", pattern).split(".")
    parts = [special.get(segment, re.escape(segment)) for segment in segments]
    # A dot in the pattern may be a border of segments or a dot inside a key.
    return re.compile("[.\0]".join(parts) + "(?:\0.*)?", re.DOTALL)


def _differ(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _mappings(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, path)
    elif _empty(before) and isinstance(after, dict | list):
        yield from _leaves(Kind.ADDED, after, path)
    else:
        yield Change(Kind.CHANGED, path)


def _empty(value: Any) -> bool:
    return value in ({}, [], None) or value == ("null", "")


def _mappings(before: dict[str, Any], after: dict[str, Any], path: tuple[str, ...]) -> Iterator[Change]:
    for key in dict.fromkeys((*before, *after)):
        here = (*path, str(key))
        if key not in after:
            yield from _leaves(Kind.REMOVED, before[key], here)
        elif key not in before:
            yield from _leaves(Kind.ADDED, after[key], here)
        else:
            yield from _differ(before[key], after[key], here)


def _lists(before: list[Any], after: list[Any], path: tuple[str, ...]) -> Iterator[Change]:
    old, new = [repr(item) for item in before], [repr(item) for item in after]
    for tag, first, last, now, now_last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        pairs = _pairs(before[first:last], after[now:now_last])
        for one, other in pairs:
            yield from _differ(before[first + one], after[now + other], (*path, str(first + one)))
        for one in sorted(set(range(last - first)) - {one for one, _ in pairs}):
            yield Change(Kind.REMOVED, (*path, str(first + one)))
        for other in sorted(set(range(now_last - now)) - {other for _, other in pairs}):
            # A whole item, not its keys: who may change a step's `uses` may not add a step.
            yield Change(Kind.ADDED, (*path, str(now + other)))


def _pairs(before: list[Any], after: list[Any]) -> list[tuple[int, int]]:
    """Items that are one another's successor: all in order where as many, else the alike ones in order."""
    if len(before) == len(after):
        return [(index, index) for index in range(len(before))]
    pairs: list[tuple[int, int]] = []
    taken = 0
    for one, item in enumerate(before):
        scores = [(_alike(item, other), -index, index) for index, other in enumerate(after) if index >= taken]
        best = max(scores, default=(0.0, 0, 0))
        if best[0] >= 0.5:
            pairs.append((one, best[2]))
            taken = best[2] + 1
    return pairs


def _alike(one: Any, other: Any) -> float:
    if isinstance(one, dict) and isinstance(other, dict):
        keys = one.keys() | other.keys()
        same = sum(one[key] == other[key] for key in one.keys() & other.keys())
        known = sum(0.5 for key in one.keys() & other.keys() if one[key] != other[key])
        return float(same + known) / max(len(keys), 1)
    if type(one) is not type(other) or isinstance(one, list):
        return 0.0
    return difflib.SequenceMatcher(None, str(one), str(other)).ratio()


def _leaves(kind: Kind, value: Any, path: tuple[str, ...]) -> Iterator[Change]:
    """An added or removed subtree, as its leaves: a declared key may come with the mapping that must hold it."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(kind, item, (*path, str(key)))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(kind, item, (*path, str(index)))
    else:
        yield Change(kind, path)
