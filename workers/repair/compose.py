"""The best fixes of all findings → one consistent set: merged where they do not touch, verified again together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from daemon.domain.edits import apply_edits, by_path
from daemon.domain.finding import Finding
from daemon.domain.fix import Candidate, Edit, Fix
from workers.fixers.propose import proxies
from workers.repair.item import Item
from workers.source.tree import SourceTree
from workers.verify.verifier import Task, Verifier

MAX_ROUNDS = 6
Say = Callable[[str], None]


class Chosen(msgspec.Struct, frozen=True):
    """One finding with the fix that goes into the set."""

    item: Item
    fix: Fix


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

    What the merged files fail to verify is left out, with the reason, until the rest verifies together.
    """
    merge = _Merge()
    worst_first = sorted(items, key=lambda item: -item.finding.severity.rank)
    for item in worst_first:
        if item.verified:
            merge.add(item)
    chosen = merge.chosen
    for _ in range(MAX_ROUNDS):
        failed = _failures(chosen, tree, verifier)
        if not failed:
            break
        say(f"{len(failed)} fixes do not hold together with the others and are left out")
        merge.left_out |= failed
        chosen = [one for one in chosen if one.item.id not in failed]
    else:
        merge.left_out |= {one.item.id: "its file's fixes did not verify together" for one in chosen}
        chosen = []
    edits = [edit for one in chosen for edit in one.fix.candidate.edits]
    files = {path: apply_edits(tree.read(path), group) for path, group in by_path(edits).items()}
    return Composition(tuple(chosen), files, merge.left_out)


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


def _failures(chosen: Sequence[Chosen], tree: SourceTree, verifier: Verifier) -> dict[str, str]:
    """Identity → why it does not verify as part of the whole."""
    tasks = []
    for group in _connected(chosen):
        findings = [one.item.finding for one in group]
        whole = _whole(group)
        tasks += [_task(one, whole, findings, tree) for one in group]
    members = [one for group in _connected(chosen) for one in group]
    verdicts = verifier.verify(tasks)
    failed = {
        one.item.id: f"not together with the other fixes: {verdict.reason}"
        for one, verdict in zip(members, verdicts, strict=True)
        if not verdict.verified
    }
    return _least(failed, chosen)


def _task(one: Chosen, whole: Candidate, findings: Sequence[Finding], tree: SourceTree) -> Task:
    others = tuple(finding for finding in findings if finding is not one.item.finding)
    return Task(finding=one.item.finding, candidate=whole, tree=tree, group=others, proxies=proxies(one.fix.candidate))


def _least(failed: Mapping[str, str], chosen: Sequence[Chosen]) -> dict[str, str]:
    """Where every fix of a file fails, one of them spoils it for all: only the least severe, last taken, goes."""
    dropped: dict[str, str] = {}
    for group in _connected(chosen):
        bad = [one for one in group if one.item.id in failed]
        if bad and len(bad) == len(group):
            bad = bad[-1:]
        dropped |= {one.item.id: failed[one.item.id] for one in bad}
    return dropped


def _connected(chosen: Sequence[Chosen]) -> list[list[Chosen]]:
    """Fixes grouped by the files that they share, directly or through others."""
    groups: list[tuple[set[str], list[Chosen]]] = []
    for one in chosen:
        paths = set(one.fix.candidate.paths)
        members = [one]
        for group in [group for group in groups if group[0] & paths]:
            groups.remove(group)
            paths |= group[0]
            members = group[1] + members
        groups.append((paths, members))
    return [members for _, members in groups]


def _whole(group: Sequence[Chosen]) -> Candidate:
    return Candidate(
        approach="composed",
        edits=tuple(sorted({edit for one in group for edit in one.fix.candidate.edits})),
        explanation="All fixes of these files together.",
        declares=tuple(dict.fromkeys(pattern for one in group for pattern in one.fix.candidate.declares)),
    )
