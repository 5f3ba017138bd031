"""Which lines of a file became others."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Iterator, Sequence

_MANY = 2000
"""Lines of both sides from which on looking for the longest equal run takes long."""


def differences(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[tuple[int, int, int, int]]:
    """Runs `old[first:last]` that became `new[now:end]`, in order; either may be empty.

    Of a long file only what lies between the first and the last difference is compared, as a fix changes little of it.
    """
    begin = rest = 0
    if len(old) + len(new) > _MANY:
        most = min(len(old), len(new))
        while begin < most and old[begin] == new[begin]:
            begin += 1
        while rest < most - begin and old[-1 - rest] == new[-1 - rest]:
            rest += 1
    inner = old[begin : len(old) - rest], new[begin : len(new) - rest]
    for tag, *places in difflib.SequenceMatcher(None, *inner, autojunk=False).get_opcodes():
        if tag != "equal":
            first, last, now, end = (begin + place for place in places)
            yield first, last, now, end
