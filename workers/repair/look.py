"""A tree → the distinct findings that the scanners which run here have about it."""

from __future__ import annotations

import types
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.report import Report, Row
from daemon.errors import SourceUnavailable
from workers.repair.item import Item, Options, chosen
from workers.source.bomb import MOST_VALUES, is_bomb
from workers.source.tree import LeftOut, SourceTree
from workers.triage.merge import distinct
from workers.verify.answers import FileScan, Unit
from workers.verify.batch import Scanners
from workers.verify.scanner import SCANNERS, Role

MAX_TOTAL_BYTES = 512 * 2**20
Say = Callable[[str], None]


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What the scanners said about a tree."""

    items: tuple[Item, ...]
    files: int
    """How many files at least one scanner was asked about."""
    unread: tuple[LeftOut, ...] = ()
    """Files that nobody, or not every scanner that should, has looked at."""
    failed: tuple[str, ...] = ()
    """Scanners of which not one start ended well, with what they said."""
    absent: Mapping[str, int] = types.MappingProxyType({})
    """Scanners that are not installed here → the files that they would look at."""
    others: Mapping[str, int] = types.MappingProxyType({})
    """`tool:rule` → findings of it that were not asked for."""


def look(tree: SourceTree, scanners: Scanners, options: Options, say: Say = lambda _line: None) -> Look:
    """Run every applicable scanner on the whole tree, and keep the distinct findings that were asked for."""
    wanted: dict[str, list[Unit]] = {}
    contents, unread = _contents(tree)
    for path, content in contents.items():
        unread += _left(path, content, scanners)
        for adapter in scanners.applicable(path, content):
            if adapter.role is Role.SECURITY:
                wanted.setdefault(adapter.name, []).append(
                    Unit(path, content, _beside(adapter.siblings, path, contents))
                )
    counts = {name: len(units) for name, units in wanted.items()}
    say(f"scanning {len(contents)} files: {_listed(counts)}" if counts else "no file here is one that a scanner reads")
    answers = scanners.scan(wanted, lambda name, scans: say(_said(name, scans)))
    ordered = sorted(answers.items(), key=lambda answer: (answer[0][1].path, answer[0][0]))
    findings = distinct(_reports(one for _, scan in ordered for one in scan.findings), tree).findings
    kept = [Item(id=one.id, finding=one.finding) for one in findings if chosen(one.finding, options)]
    others = Counter(f"{one.finding.tool}:{one.finding.rule}" for one in findings if not chosen(one.finding, options))
    return Look(
        items=tuple(sorted(kept, key=_place)),
        files=len({unit.path for units in wanted.values() for unit in units}),
        unread=(*unread, *_unread(ordered)),
        failed=tuple(_failed(scan for _, scan in ordered)),
        absent=_absent(contents, scanners),
        others=others,
    )


def _absent(contents: Mapping[str, bytes], scanners: Scanners) -> dict[str, int]:
    adapters = [one for one in SCANNERS if one.role is Role.SECURITY and one.name not in scanners.tools]
    counts = {
        adapter.name: sum(adapter.applies(path, content) for path, content in contents.items())
        for adapter in adapters
        if not adapter.needs_rules
    }
    return {name: count for name, count in counts.items() if count}


def _left(path: str, content: bytes, scanners: Scanners) -> Iterator[LeftOut]:
    """The file, where a scanner of its kind leaves it to whoever built it."""
    for adapter in SCANNERS:
        if adapter.name in scanners.tools and (why := adapter.leaves(path, content)) is not None:
            yield LeftOut(path, f"is left out for {adapter.name}: {why}")


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _said(name: str, scans: Collection[FileScan]) -> str:
    """What is known as soon as one start of a scanner has ended."""
    found = sum(len(scan.findings) for scan in scans)
    return f"{name}: {sum(scan.read for scan in scans)} files read, {found} findings"


def _unread(answers: Iterable[tuple[tuple[str, Unit], FileScan]]) -> Iterator[LeftOut]:
    """The files that a scanner should have read and did not, with its words."""
    for (name, unit), scan in answers:
        if not scan.read:
            words = "; ".join(error.removeprefix(unit.path).lstrip(": ") for error in scan.errors)
            yield LeftOut(unit.path, f"was not read by {name}: {words or 'it left it out, without a word why'}")


def _failed(scans: Iterable[FileScan]) -> Iterator[str]:
    by_scanner: dict[str, list[FileScan]] = {}
    for scan in scans:
        by_scanner.setdefault(scan.scanner, []).append(scan)
    for name, group in by_scanner.items():
        if all(scan.failed for scan in group):
            yield f"{name}: {'; '.join(group[0].errors)}"


def _place(item: Item) -> tuple[str, int, str, str]:
    return item.finding.path or "", item.finding.line or 0, item.finding.tool, item.finding.rule


def _contents(tree: SourceTree) -> tuple[dict[str, bytes], list[LeftOut]]:
    contents: dict[str, bytes] = {}
    unread: list[LeftOut] = []
    total = 0
    for path in tree.paths():
        if not _is_utf8(path):
            unread.append(LeftOut(path, "has a name that is not UTF-8, which scanners cannot report: rename it"))
            continue
        if total > MAX_TOTAL_BYTES:
            unread.append(LeftOut(path, f"comes after the first {MAX_TOTAL_BYTES >> 20} MiB: use a smaller folder"))
            continue
        try:
            contents[path] = tree.read(path)
        except SourceUnavailable as error:
            unread.append(LeftOut(path, str(error).removeprefix(f"{path} ")))
            continue
        total += len(contents[path])
        if is_bomb(path, contents[path]):
            del contents[path]
            unread.append(LeftOut(path, f"would come to over {MOST_VALUES:,} values by its aliases: no scanner ends"))
    return contents, unread


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


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
