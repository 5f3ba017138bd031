"""Fixes merged into the same files → those that verify together, found with few starts of the scanners.

One fix that does not go with the others fails the whole of its files for all of them. It is found by halving, all
files at once, and what is left of the file is kept: no fix costs another file its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.fix import Candidate, Fix
from workers.fixers.propose import proxies
from workers.repair.item import Item
from workers.repair.joined import joined
from workers.source.tree import SourceTree
from workers.verify.verifier import Task, Verifier

MAX_ROUNDS = 30
"""Of verification; then each file keeps what is known to hold."""
Say = Callable[[str], None]


class Chosen(msgspec.Struct, frozen=True):
    """One finding with the fix that goes into the set."""

    item: Item
    fix: Fix


def together(
    chosen: Sequence[Chosen], tree: SourceTree, verifier: Verifier, say: Say = lambda _line: None
) -> tuple[list[Chosen], dict[str, str]]:
    """Those that verify together, and identity → why another is left out. The first given weigh most."""
    searches = [_Search(group) for group in _connected(chosen)]
    for _ in range(MAX_ROUNDS):
        pending = [search for search in searches if search.pending]
        if not pending:
            break
        for search, failed in zip(pending, _failures([one.probe for one in pending], tree, verifier), strict=True):
            search.learn(failed)
    left_out = {identity: why for search in searches for identity, why in search.left_out().items()}
    if left_out:
        say(f"{len(left_out)} fixes do not hold together with the others and are left out")
    return [one for search in searches for one in search.held], left_out


class _Search:
    """The members of one group of files that hold together; the first are known to, up to `_good`."""

    def __init__(self, members: Sequence[Chosen]) -> None:
        self._members = list(members)
        self._good = 0
        self._bad = 0
        """The length of the shortest beginning that is known to fail; 0 where none is."""
        self._why = ""
        self._dropped: dict[str, str] = {}

    @property
    def pending(self) -> bool:
        """Whether more of its members may hold."""
        return self._good < len(self._members)

    @property
    def probe(self) -> list[Chosen]:
        """What to verify next: all, or half of what is between the known to hold and the known to fail."""
        return self._members[: (self._good + self._bad) // 2 if self._bad else len(self._members)]

    @property
    def held(self) -> list[Chosen]:
        """Those that are known to hold together."""
        return self._members[: self._good]

    def left_out(self) -> dict[str, str]:
        """Identity → why it is not among them."""
        why = "it could not be shown to hold together with the other fixes of its file"
        return self._dropped | {one.item.id: why for one in self._members[self._good :]}

    def learn(self, failed: Mapping[str, str]) -> None:
        """Take in what became of `probe`: identity → reason of those that failed."""
        length = len(self.probe)
        if not failed:
            self._good = length
        elif not self._bad and len(failed) < length:
            # Each answers for its own finding: those that failed are dropped, and the others tried again.
            self._drop(failed)
            self._good = 0
        else:
            self._bad, self._why = length, next(iter(failed.values()))
        if self._bad and self._bad - self._good == 1:
            self._drop({self._members[self._good].item.id: self._why})
            self._bad = 0

    def _drop(self, failed: Mapping[str, str]) -> None:
        self._dropped |= {identity: f"not together with the other fixes: {why}" for identity, why in failed.items()}
        self._members = [one for one in self._members if one.item.id not in failed]


def _failures(groups: Sequence[Sequence[Chosen]], tree: SourceTree, verifier: Verifier) -> list[dict[str, str]]:
    """For each group, identity → why it does not verify as part of the whole."""
    tasks = []
    for group in groups:
        whole = _whole(group)
        findings = [one.item.finding for one in group]
        tasks += [_task(one, whole, findings, tree) for one in group]
    verdicts = iter(verifier.verify(tasks))
    return [
        {one.item.id: verdict.reason or "" for one in group if not (verdict := next(verdicts)).verified}
        for group in groups
    ]


def _task(one: Chosen, whole: Candidate, findings: Sequence[Finding], tree: SourceTree) -> Task:
    others = tuple(finding for finding in findings if finding is not one.item.finding)
    return Task(finding=one.item.finding, candidate=whole, tree=tree, group=others, proxies=proxies(one.fix.candidate))


def _connected(chosen: Sequence[Chosen]) -> list[list[Chosen]]:
    """Fixes grouped by the files that they share, directly or through others; in the order given."""
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
        edits=joined(one.fix.candidate.edits for one in group),
        explanation="All fixes of these files together.",
        declares=tuple(dict.fromkeys(pattern for one in group for pattern in one.fix.candidate.declares)),
    )
