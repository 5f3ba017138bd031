"""A tree → its findings, their candidates, and what verification says of each: what `secaid fix` is made of.

No store, no network, no model: scanners, fixers and the verifier over one folder.
"""

from __future__ import annotations

import fnmatch
import types
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from daemon.domain.edits import apply_edits, by_path, unified_diff
from daemon.domain.finding import Finding
from daemon.domain.fix import Candidate, Fix, Verdict
from daemon.domain.report import Report, Row
from daemon.domain.severity import Severity
from daemon.errors import EditConflict, SourceUnavailable
from workers.commands.scanner_fixes import scanner_fixes
from workers.fixers.propose import propose, proxies
from workers.fixers.registry import Target
from workers.source.tree import SourceTree
from workers.triage.merge import distinct
from workers.verify.batch import Scanners, Unit
from workers.verify.scanner import Role
from workers.verify.verifier import Task, Verifier, best_first

MAX_TOTAL_BYTES = 512 * 2**20
Say = Callable[[str], None]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asked for."""

    only: tuple[str, ...] = ()
    """Rule patterns, `rule` or `tool:rule`; empty means all."""
    exclude: tuple[str, ...] = ()
    min_severity: Severity = Severity.INFO
    approaches: tuple[str, ...] = ()
    """Patterns of approach names; empty means all."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One finding, with every candidate that was tried, the best first."""

    id: str
    finding: Finding
    fixes: tuple[Fix, ...] = ()
    reason: str | None = None
    """Why none is verified; none where one is."""

    @property
    def verified(self) -> tuple[Fix, ...]:
        """The fixes that a person may apply."""
        return tuple(fix for fix in self.fixes if fix.verdict.verified)


class Look(msgspec.Struct, frozen=True):
    """What the scanners said about a tree."""

    items: tuple[Item, ...]
    problems: tuple[str, ...] = ()
    """Files that a scanner could not read, and scanners that failed."""


def look(tree: SourceTree, scanners: Scanners, options: Options, say: Say = lambda _line: None) -> Look:
    """Run every applicable scanner on the whole tree, and keep the distinct findings that were asked for."""
    wanted: dict[str, list[Unit]] = {}
    contents = _contents(tree, say)
    for path, content in contents.items():
        for adapter in scanners.applicable(path, content):
            if adapter.role is Role.SECURITY:
                wanted.setdefault(adapter.name, []).append(
                    Unit(path, content, _beside(adapter.siblings, path, contents))
                )
    counts = {name: len(units) for name, units in wanted.items()}
    say(f"scanning {len(contents)} files: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    answers = scanners.scan(wanted, lambda name, count: say(f"{name}: {count} files read"))
    ordered = sorted(answers.items(), key=lambda answer: (answer[0][1].path, answer[0][0]))
    problems = [f"{name}: {error}" for (name, _), scan in ordered if not scan.read for error in scan.errors]
    findings = [finding for _, scan in ordered for finding in scan.findings]
    kept = [
        Item(id=one.id, finding=one.finding)
        for one in distinct(_reports(findings), tree).findings
        if chosen(one.finding, options)
    ]
    return Look(tuple(sorted(kept, key=_place)), tuple(dict.fromkeys(problems)))


def repair(
    items: Sequence[Item],
    tree: SourceTree,
    verifier: Verifier,
    scanners: Scanners,
    options: Options,
    say: Say = lambda _line: None,
    *,
    more: Mapping[str, Sequence[Candidate]] = types.MappingProxyType({}),
) -> list[Item]:
    """Propose and verify fixes for each finding; all of them share the scanners' starts.

    `more` holds candidates of other origin (similar cases, a model) by the item's id.
    """
    offered = scanner_fixes({item.id: item.finding for item in items}, tree, scanners)
    proposals = []
    tasks: list[Task] = []
    for item in items:
        proposal = propose(Target(finding=item.finding, tree=tree))
        candidates = [*proposal.candidates, *offered.get(item.id, ()), *more.get(item.id, ())]
        candidates = [one for one in candidates if _approach(one, options)]
        proposals.append((item, candidates, proposal.reason))
        tasks += [Task(finding=item.finding, candidate=one, tree=tree, proxies=proxies(one)) for one in candidates]
    say(f"{len(items)} findings, {len(tasks)} candidate fixes to verify")
    verdicts = iter(verifier.verify(tasks, lambda name, count: say(f"{name}: {count} patched files read")))
    return [_item(item, [(one, next(verdicts)) for one in found], reason, tree) for item, found, reason in proposals]


def chosen(finding: Finding, options: Options) -> bool:
    """Whether a person asked for this finding."""
    if finding.severity.rank < options.min_severity.rank:
        return False
    names = (finding.rule, f"{finding.tool}:{finding.rule}")
    if any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in options.exclude):
        return False
    return not options.only or any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in options.only)


def patch_of(candidate: Candidate, tree: SourceTree) -> str:
    """The candidate as a unified diff; empty where its edits do not apply."""
    before: dict[str, bytes] = {}
    after: dict[str, bytes] = {}
    try:
        for path, edits in by_path(candidate.edits).items():
            before[path] = tree.read(path)
            after[path] = apply_edits(before[path], edits)
    except (EditConflict, SourceUnavailable):
        return ""
    return unified_diff(before, after)


def _item(item: Item, tried: Sequence[tuple[Candidate, Verdict]], reason: str | None, tree: SourceTree) -> Item:
    order = best_first((index, verdict) for index, (_, verdict) in enumerate(tried))
    fixes = tuple(
        Fix(candidate=tried[index][0], verdict=tried[index][1], patch=patch_of(tried[index][0], tree))
        for index in order
    )
    if any(fix.verdict.verified for fix in fixes):
        return msgspec.structs.replace(item, fixes=fixes)
    best = next((f"{fix.candidate.approach}: {fix.verdict.reason}" for fix in fixes if fix.verdict.reason), None)
    return msgspec.structs.replace(item, fixes=fixes, reason=best or reason or "no approach was left after the filters")


def _place(item: Item) -> tuple[str, int, str, str]:
    return item.finding.path or "", item.finding.line or 0, item.finding.tool, item.finding.rule


def _contents(tree: SourceTree, say: Say) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    total = 0
    for path in tree.paths():
        try:
            content = tree.read(path)
        except SourceUnavailable:
            continue
        total += len(content)
        if total > MAX_TOTAL_BYTES:
            say(f"stopped reading at {path}: over {MAX_TOTAL_BYTES >> 20} MiB; run it on a smaller folder")
            break
        contents[path] = content
    return contents


def _beside(
    siblings: Callable[[str, str], bool] | None, path: str, contents: Mapping[str, bytes]
) -> tuple[tuple[str, bytes], ...]:
    if siblings is None:
        return ()
    folder = path.rpartition("/")[0]
    return tuple(
        (other, content)
        for other, content in contents.items()
        if other != path and other.rpartition("/")[0] == folder and siblings(path, other)
    )


def _reports(findings: Iterable[Finding]) -> list[Report]:
    """What the scanners said just now, one report a scanner, so that triage sees it as it sees any other."""
    by_tool: dict[str, list[Finding]] = {}
    for finding in findings:
        by_tool.setdefault(finding.tool, []).append(finding)
    return [
        Report(
            tool=tool,
            format="run",
            path=tool,
            rows=tuple(Row(index=index, raw_sha256="", finding=finding) for index, finding in enumerate(found)),
        )
        for tool, found in sorted(by_tool.items())
    ]


def _approach(candidate: Candidate, options: Options) -> bool:
    if not options.approaches:
        return True
    return any(fnmatch.fnmatchcase(candidate.approach, pattern) for pattern in options.approaches)
