"""Findings of a tree → candidates from every source, each with what verification says of it.

No store and no network: scanners, fixers and the verifier over one tree.
"""

from __future__ import annotations

import fnmatch
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec

from daemon.domain.edits import apply_edits, by_path
from daemon.domain.finding import Finding
from daemon.domain.fix import Candidate, Fix, FixSource, Verdict
from daemon.errors import EditConflict, SourceUnavailable
from workers.fixers.propose import propose, proxies
from workers.fixers.registry import Target
from workers.repair.item import Item, Options
from workers.repair.scanner_fixes import scanner_fixes
from workers.repair.secret_patch import Secrets, hidden, safe_patch, secret_lines
from workers.source.tree import SourceTree
from workers.triage.groups import package_of
from workers.verify.batch import Scanners
from workers.verify.verifier import Task, Verifier, best_first

Say = Callable[[str], None]
_OWN = (FixSource.FIXER, FixSource.SCANNER)


def repair(
    items: Sequence[Item],
    tree: SourceTree,
    verifier: Verifier,
    scanners: Scanners,
    options: Options,
    say: Say = lambda _line: None,
    *,
    more: Mapping[str, Sequence[Candidate]] = types.MappingProxyType({}),
    above: str = "",
) -> list[Item]:
    """Propose and verify fixes for each finding; all of them share the scanners' starts.

    `more` holds candidates of other origin (similar cases, a model) by the item's id; `above` is the tree's folder in
    its repository, which patches name.
    """
    offered = scanner_fixes({item.id: item.finding for item in items}, tree, scanners)
    proposals = []
    tasks: list[Task] = []
    groups = _groups(items)
    for item in items:
        group = tuple(other for other in groups.get(package_of(item.finding), ()) if other is not item.finding)
        proposal = propose(Target(finding=item.finding, tree=tree, group=group))
        # A fixer that says why there is no sound fix has read more than the scanner did.
        beside = offered.get(item.id, ()) if proposal.candidates else ()
        candidates = _distinct([*proposal.candidates, *beside, *more.get(item.id, ())], tree)
        kept = [one for one in candidates if _approach(one, options)]
        others = sorted({one.approach for one in candidates} - {one.approach for one in kept})
        reason = f"its approaches are not the one asked for: {', '.join(others)}" if others else None
        candidates = kept
        harmless = proposal.harmless and not candidates
        proposals.append((msgspec.structs.replace(item, harmless=harmless), candidates, proposal.reason or reason))
        tasks += [
            Task(finding=item.finding, candidate=one, tree=tree, group=group, proxies=proxies(one))
            for one in candidates
        ]
    say(f"{len(items)} findings, {len(tasks)} candidate fixes to verify")
    judged = verifier.verify(tasks, lambda name, scans: say(f"{name}: {len(scans)} patched files read"))
    secret = secret_lines((task.candidate for task in tasks), (item.finding for item in items), tree)
    lines = frozenset(line for each in secret.values() for line in each)
    verdicts = iter([_without_secret(verdict, lines) for verdict in judged])
    return [
        _item(
            item,
            [(one, next(verdicts)) for one in found],
            reason,
            lambda candidate: patch_of(candidate, tree, secret, above),
        )
        for item, found, reason in proposals
    ]


def patch_of(candidate: Candidate, tree: SourceTree, secret: Secrets, above: str = "") -> str:
    """The candidate as a patch that shows no credential; empty where its edits do not apply."""
    try:
        before, after = _sides(candidate, tree)
    except (EditConflict, SourceUnavailable):
        return ""
    return safe_patch(before, after, secret, above)


def _sides(candidate: Candidate, tree: SourceTree) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Path → content, before and after the candidate.

    Raises:
        EditConflict, SourceUnavailable: its edits do not apply.
    """
    edits = by_path(candidate.edits)
    before = {path: tree.read(path) for path in edits}
    return before, {path: apply_edits(before[path], each) for path, each in edits.items()}


def _distinct(candidates: Iterable[Candidate], tree: SourceTree) -> list[Candidate]:
    """Each once, by what comes of it: a scanner's own edit is often the fixer's, and no approach of its own."""
    found: dict[object, Candidate] = {}
    for one in candidates:
        try:
            result: object = frozenset(_sides(one, tree)[1].items())
        except (EditConflict, SourceUnavailable):
            result = one.edits
        found.setdefault(result, one)
    return list(found.values())


def _without_secret(verdict: Verdict, lines: Collection[str]) -> Verdict:
    """The verdict, its reason without the credentials that a comparison quotes."""
    reason = hidden(verdict.reason or "", lines)
    return verdict if reason == (verdict.reason or "") else msgspec.structs.replace(verdict, reason=reason)


def _groups(items: Sequence[Item]) -> dict[object, list[Finding]]:
    """Findings about one package at one version: a bump is chosen for, and measured against, all of them."""
    found: dict[object, list[Finding]] = {}
    for item in items:
        if (package := package_of(item.finding)) is not None:
            found.setdefault(package, []).append(item.finding)
    return found


def _item(
    item: Item,
    tried: Sequence[tuple[Candidate, Verdict]],
    reason: str | None,
    patch: Callable[[Candidate], str],
) -> Item:
    order = best_first((index, verdict) for index, (_, verdict) in enumerate(tried))
    fixes = tuple(
        Fix(candidate=tried[index][0], verdict=tried[index][1], patch=patch(tried[index][0])) for index in order
    )
    if any(fix.verdict.verified for fix in fixes):
        return msgspec.structs.replace(item, fixes=fixes)
    # Why a guess failed says less than why there is nothing better than a guess.
    own = _why(fix for fix in fixes if fix.candidate.source in _OWN)
    why = own or reason or _why(fixes) or "no approach was left after the filters"
    return msgspec.structs.replace(item, fixes=fixes, reason=why)


def _why(fixes: Iterable[Fix]) -> str | None:
    return next((f"{fix.candidate.approach}: {fix.verdict.reason}" for fix in fixes if fix.verdict.reason), None)


def _approach(candidate: Candidate, options: Options) -> bool:
    if not options.approaches:
        return True
    return any(fnmatch.fnmatchcase(candidate.approach, pattern) for pattern in options.approaches)
