"""Fixing goes on until nothing changes any more, so that a second run has nothing to do."""

from daemon.domain.finding import Finding, Location
from daemon.domain.fix import Candidate, Edit, Fix, Grade, Level, Verdict
from daemon.domain.severity import Severity
from workers.repair.item import Item
from workers.repair.rounds import settle
from workers.source.tree import MemoryTree

GOOD = Verdict(level=Level.PRESERVED, grade=Grade.SAME_SCANNER, verified=True, score=1.0)


class _Verifier:
    """Finds no fault with any of them."""

    def verify(self, tasks):
        return [GOOD for _ in tasks]


def _item(word, edit):
    finding = Finding(
        tool="checkov", rule=word, message="", severity=Severity.LOW, locations=(Location(path="pod.yaml"),)
    )
    fix = Fix(candidate=Candidate(approach="a", edits=(edit,), explanation="e"), verdict=GOOD, patch="")
    return Item(id=word, finding=finding, fixes=(fix,))


def test_fixes_that_all_write_at_one_place_are_all_applied_in_one_run():
    """A container's security settings: each is a line at the same place, and all go in one round."""
    words = [f"setting{number}" for number in range(12)]

    def again(tree):
        content = tree.read("pod.yaml").decode()
        return [
            _item(word, Edit(path="pod.yaml", start=0, end=0, text=f"{word}\n"))
            for word in words
            if f"{word}\n" not in content
        ]

    tree = MemoryTree({"pod.yaml": b"kind: Pod\n"})
    settled = settle(again(tree), tree, _Verifier(), again)
    assert sorted(settled.files["pod.yaml"].decode().split()) == sorted([*words, "kind:", "Pod"])
    assert (settled.remaining, settled.rounds) == ((), 1)
    after = MemoryTree(settled.files)
    assert settle(again(after), after, _Verifier(), again).rounds == 0


def test_fixes_that_contradict_each_other_wait_a_round():
    """The second is looked for again where the first is in."""
    wanted = {"cpu": "cpu: 1\n", "more-cpu": "cpu: 2\n"}

    def again(tree):
        content = tree.read("pod.yaml").decode()
        if "cpu: 1" in content:
            return []
        return [_item(word, Edit(path="pod.yaml", start=0, end=0, text=text)) for word, text in wanted.items()]

    tree = MemoryTree({"pod.yaml": b"kind: Pod\n"})
    settled = settle(again(tree), tree, _Verifier(), again)
    assert settled.files["pod.yaml"] == b"cpu: 1\nkind: Pod\n"
    assert [one.item.id for one in settled.chosen] == ["cpu"]


def test_fixes_that_undo_each_other_come_to_an_end():
    """Two rules that want the opposite would go on for ever."""

    def again(tree):
        content = tree.read("pod.yaml").decode()
        other = "b" if content == "a" else "a"
        return [_item(other, Edit(path="pod.yaml", start=0, end=1, text=other))]

    tree = MemoryTree({"pod.yaml": b"a"})
    assert settle(again(tree), tree, _Verifier(), again).rounds == 2
