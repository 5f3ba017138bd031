"""A tree → the distinct findings that the scanners which run here have about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.report import Report, Row
from daemon.errors import SourceUnavailable
from workers.repair.item import Item, Options, chosen
from workers.source.tree import SourceTree
from workers.triage.merge import distinct
from workers.verify.batch import Scanners, Unit
from workers.verify.scanner import Role

MAX_TOTAL_BYTES = 512 * 2**20
Say = Callable[[str], None]


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
