"""The best fixes of all findings → one consistent set: merged where they do not touch, verified again together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from daemon.domain.edits import apply_edits, by_path
from daemon.domain.fix import Edit
from workers.repair.item import Item
from workers.repair.together import Chosen, together
from workers.source.tree import SourceTree
from workers.verify.verifier import Verifier

Say = Callable[[str], None]


class Composition(msgspec.Struct, frozen=True):
    """A consistent set of fixes."""

    chosen: tuple[Chosen, ...]
    files: Mapping[str, bytes]
    """Path → content with all of them applied."""
    left_out: Mapping[str, str]
    """Identity → why its fix is not in the set."""


class Overlay:
    """A tree with some files replaced."""

    def __init__(self, below: SourceTree, files: Mapping[str, bytes]) -> None:
        self._below = below
        self.files = dict(files)

    def read(self, path: str) -> bytes:
        """See `SourceTree.read`."""
        return self.files[path] if path in self.files else self._below.read(path)

    def paths(self) -> Iterator[str]:
        """See `SourceTree.paths`."""
        return self._below.paths()


def compose(items: Sequence[Item], tree: SourceTree, verifier: Verifier, say: Say = lambda _line: None) -> Composition:
    """Merge the findings' best verified fixes; each finding's next best where the best touches another.

    What does not verify together with the others is left out, with the reason.
    """
    merge = _Merge()
    worst_first = sorted(items, key=lambda item: -item.finding.severity.rank)
    for item in worst_first:
        if item.verified:
            merge.add(item)
    chosen, failed = together(merge.chosen, tree, verifier, say)
    edits = [edit for one in chosen for edit in one.fix.candidate.edits]
    files = {path: apply_edits(tree.read(path), group) for path, group in by_path(edits).items()}
    return Composition(tuple(chosen), files, merge.left_out | failed)


class _Merge:
    """Fixes taken one by one; an edit may stand twice, but no two may touch."""

    def __init__(self) -> None:
        self.chosen: list[Chosen] = []
        self.left_out: dict[str, str] = {}
        self._edits: dict[str, list[Edit]] = {}

    def add(self, item: Item) -> None:
        """Take the best of the item's verified fixes that touches nothing taken before."""
        for fix in item.verified:
            if not any(self._touches(edit) for edit in fix.candidate.edits):
                for path, edits in by_path(fix.candidate.edits).items():
                    self._edits.setdefault(path, []).extend(edits)
                self.chosen.append(Chosen(item, fix))
                return
        self.left_out[item.id] = "its edits touch those of another fix: run it again once that one is applied"

    def _touches(self, edit: Edit) -> bool:
        return any(_overlap(edit, other) for other in self._edits.get(edit.path, ()) if edit != other)


def _overlap(one: Edit, other: Edit) -> bool:
    """Whether two edits share bytes, or write at one place: their order would be anybody's guess."""
    return one.start <= other.end and other.start <= one.end
