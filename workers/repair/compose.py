"""The best fixes of all findings → one consistent set: merged where they do not touch, verified again together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from daemon.domain.edits import apply_edits, by_path
from daemon.domain.fix import Candidate, Fix
from daemon.errors import EditConflict
from workers.repair.item import Item
from workers.repair.joined import Joined, joined
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
    """Merge the findings' best verified fixes; each finding's next best where the best contradicts another.

    What does not verify together with the others is left out, with the reason.
    """
    merge = _Merge()
    worst_first = sorted(items, key=lambda item: -item.finding.severity.rank)
    for item in worst_first:
        if item.verified:
            merge.add(item)
    chosen, failed = together(merge.chosen, tree, verifier, say)
    edits = joined(one.fix.candidate.edits for one in chosen)
    files = {path: apply_edits(tree.read(path), group) for path, group in by_path(edits).items()}
    return Composition(tuple(chosen), files, merge.left_out | failed)


class _Merge:
    """Fixes taken one by one, each with those before it."""

    def __init__(self) -> None:
        self.chosen: list[Chosen] = []
        self.left_out: dict[str, str] = {}
        self._taken = Joined()

    def add(self, item: Item) -> None:
        """Take the verified fix of the item that others have written already, or else the best that goes with them."""
        for fix in [*filter(self._written, item.verified), *item.verified]:
            if any(_apart(fix.candidate, one.fix.candidate) for one in self.chosen):
                continue
            try:
                self._taken.add(fix.candidate.edits)
            except EditConflict:
                continue
            self.chosen.append(Chosen(item, fix))
            return
        self.left_out[item.id] = "its edits touch those of another fix: run it again once that one is applied"

    def _written(self, fix: Fix) -> bool:
        try:
            return self._taken.includes(fix.candidate.edits)
        except EditConflict:
            return False


def _apart(one: Candidate, other: Candidate) -> bool:
    """Whether one gives objects another namespace while the other writes a new object for them beside them.

    The new one would stay behind: it is written when the others have moved, or moves with them.
    """
    if not set(one.paths) & set(other.paths):
        return False
    return any(
        _moves(mover) and _writes(writer) and not _moves(writer) for mover, writer in ((one, other), (other, one))
    )


def _moves(candidate: Candidate) -> bool:
    return any(path.endswith("metadata.namespace") for path in candidate.declares)


def _writes(candidate: Candidate) -> bool:
    return any(path.startswith("document:") for path in candidate.declares)
