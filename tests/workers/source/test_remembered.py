"""What is found out about a tree once is not looked for again."""

import gc
import weakref

from workers.source.remembered import remembered
from workers.source.tree import MemoryTree, SourceTree


def test_each_question_is_asked_once_of_each_tree() -> None:
    asked: list[str] = []

    @remembered
    def has(tree: SourceTree, path: str) -> bool:
        asked.append(path)
        return path in tree.paths()

    one, other = MemoryTree({"a": b""}), MemoryTree({})
    assert [has(one, "a"), has(one, "a"), has(one, "b"), has(other, "a")] == [True, True, False, False]
    assert asked == ["a", "b", "a"]


def test_a_tree_is_not_kept_for_what_is_known_of_it() -> None:
    @remembered
    def count(tree: SourceTree) -> int:
        return len(list(tree.paths()))

    tree = MemoryTree({"a": b""})
    assert count(tree) == 1
    gone = weakref.ref(tree)
    del tree
    gc.collect()
    assert gone() is None
