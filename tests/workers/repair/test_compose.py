"""Which fixes go into one set."""

import pytest

from daemon.domain.finding import Finding, Location
from daemon.domain.fix import Candidate, Edit, Fix, Grade, Level, Verdict
from daemon.domain.severity import Severity
from workers.repair.compose import compose
from workers.repair.item import Item
from workers.source.tree import MemoryTree

GOOD = Verdict(level=Level.PRESERVED, grade=Grade.SAME_SCANNER, verified=True, score=1.0)
TREE = MemoryTree({"a.yaml": b"0123456789\n", "b.yaml": b"0123456789\n"})


class _Verifier:
    """Finds no fault with any of them."""

    def verify(self, tasks):
        return [GOOD for _ in tasks]


def _item(rule, *candidates):
    finding = Finding(
        tool="checkov", rule=rule, message="", severity=Severity.LOW, locations=(Location(path="a.yaml"),)
    )
    return Item(id=rule, finding=finding, fixes=tuple(Fix(candidate=one, verdict=GOOD, patch="") for one in candidates))


def _candidate(text, at, *declares, path="a.yaml"):
    return Candidate(
        approach=text,
        edits=(Edit(path=path, start=at, end=at, text=f"\n{text}: 1"),),
        explanation="e",
        declares=declares,
    )


def _chosen(*items):
    composed = compose(items, TREE, _Verifier())
    return {one.item.id: one.fix.candidate.approach for one in composed.chosen}, composed.left_out


def test_what_others_write_already_is_taken_first():
    """The second finding's best would add a line; its next one is in the file with the first finding's."""
    chosen, _ = _chosen(_item("one", _candidate("a", 4)), _item("two", _candidate("b", 4), _candidate("a", 4)))
    assert chosen == {"one": "a", "two": "a"}


def test_the_next_best_goes_where_the_best_contradicts():
    other = Candidate(approach="z", edits=(Edit(path="a.yaml", start=4, end=4, text="\na: 2"),), explanation="e")
    chosen, left_out = _chosen(_item("one", _candidate("a", 4)), _item("two", other, _candidate("b", 4)))
    assert chosen == {"one": "a", "two": "b"}
    assert left_out == {}


@pytest.mark.parametrize(("path", "together"), [("a.yaml", False), ("b.yaml", True)])
def test_a_new_object_waits_until_those_it_is_for_have_moved(path, together):
    """A policy written beside a pod in the old namespace would hold for nothing in the new one."""
    move = _candidate("namespace", 2, "metadata.namespace", "document:Namespace/shop")
    policy = _candidate("policy", 8, "document:NetworkPolicy/web", path=path)
    for items in ([_item("one", move), _item("two", policy)], [_item("one", policy), _item("two", move)]):
        chosen, left_out = _chosen(*items)
        assert len(chosen) == 1 + together
        assert ("two" in left_out) is not together
