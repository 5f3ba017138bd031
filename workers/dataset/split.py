"""examples → the same examples, each on one side of a split that nothing leaks through.

Two examples belong together when they share rule and code, the code alone, the finding, or the very change they
teach. Whole groups of such examples go to one side, chosen by a hash: a group stays where it is as others come.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from daemon.domain.example import Example, Split, Stage
from workers.dataset.examples import normalised

TRAIN = 0.7
VALID = 0.15
"""The rest is held out for evaluation."""


def split(examples: Sequence[Example]) -> list[Example]:
    """Assign every example its side; order and number of the examples change nothing but the borders below.

    Three groups or more leave no side empty: the groups nearest to a border cross it.
    """
    groups = sorted(_groups(examples), key=_place)
    train = sum(_place(group) < TRAIN for group in groups)
    valid = sum(_place(group) < TRAIN + VALID for group in groups)
    train = max(1, min(train, len(groups) - 2)) if len(groups) > 1 else 1
    valid = max(train + 1, min(valid, len(groups) - 1))
    sides = {
        example.id: Split.TRAIN if number < train else Split.VALID if number < valid else Split.TEST
        for number, group in enumerate(groups)
        for example in group
    }
    return [msgspec.structs.replace(example, split=sides[example.id]) for example in examples]


def side(examples: Iterable[Example], which: Split, stage: Stage | None = None) -> list[Example]:
    """The examples of one side, of one stage or of both."""
    return [example for example in examples if example.split is which and stage in (None, example.stage)]


def held_out(examples: Iterable[Example]) -> list[str]:
    """Ids of the findings that evaluation may ask about: those whose fix lies on the test side."""
    return sorted({example.finding_id for example in side(examples, Split.TEST, Stage.CODE_FIX)})


def _groups(examples: Sequence[Example]) -> list[list[Example]]:
    """Examples joined over every key that two of them share (union-find with path halving)."""
    parent = list(range(len(examples)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    first: dict[str, int] = {}
    for at, example in enumerate(examples):
        for key in _keys(example):
            parent[root(at)] = root(first.setdefault(key, at))
    groups: dict[int, list[Example]] = {}
    for at, example in enumerate(examples):
        groups.setdefault(root(at), []).append(example)
    return list(groups.values())


def _keys(example: Example) -> tuple[str, ...]:
    code = example.cluster.rpartition(":")[2]
    change = f"change:{normalised(example.completion)}" if example.stage is Stage.CODE_FIX else f"id:{example.id}"
    return (f"cluster:{example.cluster}", f"code:{code}", f"finding:{example.finding_id}", change)


def _place(group: Sequence[Example]) -> float:
    """Where a group lies between 0 and 1, by the hash of its least cluster."""
    digest = hashlib.sha256(min(example.cluster for example in group).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
