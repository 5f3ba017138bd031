"""Which lines of a file became others."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")
_MANY = 2000
"""Lines of both sides from which on looking for the longest equal run takes long."""


def differences(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[tuple[int, int, int, int]]:
    """Runs `old[first:last]` that became `new[now:end]`, in order; either may be empty.

    Of a long file only what lies between the first and the last difference is compared, as a fix changes little of it.
    """
    begin, rest = same_ends(old, new) if len(old) + len(new) > _MANY else (0, 0)
    inner = old[begin : len(old) - rest], new[begin : len(new) - rest]
    for tag, *places in difflib.SequenceMatcher(None, *inner, autojunk=False).get_opcodes():
        if tag != "equal":
            first, last, now, end = (begin + place for place in places)
            yield first, last, now, end


def same_ends(old: Sequence[T], new: Sequence[T], same: Callable[[T, T], bool] = operator.eq) -> tuple[int, int]:
    """How many items at the beginning, and how many of the others at the end, are the same on both sides."""
    most = min(len(old), len(new))
    begin = rest = 0
    while begin < most and same(old[begin], new[begin]):
        begin += 1
    while rest < most - begin and same(old[-1 - rest], new[-1 - rest]):
        rest += 1
    return begin, rest
