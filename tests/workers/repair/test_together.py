"""Which fixes of one tree hold together, where some do not go with others."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.finding import Finding, Location
from daemon.domain.fix import Candidate, Edit, Fix, Grade, Level, Verdict
from daemon.domain.severity import Severity
from workers.repair.item import Item
from workers.repair.together import Chosen, together
from workers.source.tree import MemoryTree

NOTHING = Verdict(level=Level.PRESERVED, grade=Grade.SAME_SCANNER, verified=True, score=1.0)


class _Verifier:
    """Refuses a candidate that holds both edits of a pair that does not go together; for all of its findings."""

    def __init__(self, pairs, alone=()):
        self.pairs = pairs
        self.alone = alone
        self.starts = 0

    def verify(self, tasks):
        self.starts += 1
        return [self._verdict(task) for task in tasks]

    def _verdict(self, task):
        texts = {edit.text for edit in task.candidate.edits}
        if task.finding.rule in self.alone:
            return msgspec.structs.replace(NOTHING, verified=False, reason="still reported")
        clash = next((pair for pair in self.pairs if pair <= texts), None)
        return msgspec.structs.replace(NOTHING, verified=False, reason=f"{sorted(clash)}") if clash else NOTHING


def _chosen(path, number):
    finding = Finding(
        tool="zizmor", rule=f"{number}", message="", severity=Severity.LOW, locations=(Location(path=path),)
    )
    edit = Edit(path=path, start=number, end=number, text=f"{number}")
    fix = Fix(candidate=Candidate(approach="a", edits=(edit,), explanation="e"), verdict=NOTHING, patch="")
    return Chosen(Item(id=f"{path}:{number}", finding=finding, fixes=(fix,)), fix)


def _ids(chosen):
    return [one.item.id for one in chosen]


def test_all_hold_in_one_start():
    """Nothing is looked at twice where nothing fails."""
    verifier = _Verifier([])
    held, left_out = together([_chosen("a", 1), _chosen("b", 1), _chosen("a", 2)], MemoryTree({}), verifier)
    assert sorted(_ids(held)) == ["a:1", "a:2", "b:1"]
    assert (left_out, verifier.starts) == ({}, 1)


def test_one_that_spoils_its_file_costs_only_itself():
    """Every finding of the file fails with it; the other files and the other fixes stay."""
    chosen = [_chosen("a", number) for number in range(20)] + [_chosen("b", 1)]
    held, left_out = together(chosen, MemoryTree({}), _Verifier([{"3", "17"}]))
    assert set(left_out) == {"a:17"}, "the one that comes later goes"
    assert len(held) == 20
    assert "['17', '3']" in left_out["a:17"]


def test_a_finding_that_its_own_fix_no_longer_ends_goes_alone():
    """Where only some answer badly, they are the ones."""
    held, left_out = together([_chosen("a", 1), _chosen("a", 2)], MemoryTree({}), _Verifier([], alone={"2"}))
    assert _ids(held) == ["a:1"]
    assert left_out == {"a:2": "not together with the other fixes: still reported"}


@settings(max_examples=80, deadline=None)
@given(
    count=st.integers(1, 24),
    pairs=st.lists(st.sets(st.integers(0, 23), min_size=2, max_size=2), max_size=4),
)
def test_what_is_held_verifies_and_what_is_left_out_would_not(count, pairs):
    """The set holds together, and none of those left out could be added to those before it."""
    clashes = [{str(one) for one in pair} for pair in pairs]
    held, left_out = together([_chosen("a", n) for n in range(count)], MemoryTree({}), _Verifier(clashes))
    kept = {one.item.id.removeprefix("a:") for one in held}
    assert not any(pair <= kept for pair in clashes)
    assert len(kept) + len(left_out) == count
    for identity in left_out:
        number = identity.removeprefix("a:")
        assert any(pair <= kept | {number} for pair in clashes)


@pytest.mark.parametrize("count", [0, 1])
def test_there_may_be_none_or_one(count):
    """No group is asked about that has no members."""
    held, left_out = together([_chosen("a", n) for n in range(count)], MemoryTree({}), _Verifier([]))
    assert (len(held), left_out) == (count, {})
