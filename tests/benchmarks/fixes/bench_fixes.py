"""secaid and other fixers on any folders, side by side: what they fix, what they break, how long they take.

    python tests/benchmarks/fixes/bench_fixes.py FOLDER... [--markdown FILE] [--details FILE] [--codemodder PATH]

Each folder is one case; nothing in it is written. Every rate has all attempted findings in its denominator. The same
scanners, started the same way, look at what each fixer wrote.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from ours import Figures, Result, measure
from outcome import Outcome, outcome
from peers import peers

from daemon import settings as settings_module
from daemon.errors import SourceUnavailable
from workers.commands.walk import ListedTree
from workers.parsers import read
from workers.repair.item import Options
from workers.source.tree import MemoryTree, SourceTree
from workers.verify.batch import Scanners
from workers.verify.environments import available
from workers.verify.own_rules import with_own_rules


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One fixer on one folder."""

    fixer: str
    about: int
    """Findings of the scanners that it is about."""
    seconds: float
    outcome: Outcome
    failed: str | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """All fixers on one folder."""

    name: str
    files: int
    ours: Result
    sides: tuple[Side, ...]


def main() -> None:
    """Measure, and print as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument(
        "--only", action="append", default=[], help="only findings of this rule, as `secaid fix` takes it"
    )
    parser.add_argument("--markdown", type=Path, help="write the tables there as well")
    parser.add_argument("--details", type=Path, help="write every reason for which something was not fixed there")
    parser.add_argument("--codemodder", help="its executable, to be compared as well")
    given = parser.parse_args()
    cases = []
    for folder in given.folders:
        cases.append(_case(folder, Options(only=tuple(given.only)), given.codemodder))
        text = report(cases)
        if given.markdown:
            given.markdown.write_text(text, encoding="utf-8")
        if given.details:
            given.details.write_text(_details(cases), encoding="utf-8")
        print(_line(cases[-1]), flush=True)
    print("\n" + report(cases))


def _case(folder: Path, options: Options, codemodder: str | None) -> Case:
    tree = _loaded(folder)
    scanners = _scanners(tree)
    result, items = measure(tree, scanners, options)
    sides = [
        Side(fixer="secaid", about=len(items), seconds=result.seconds, outcome=outcome(tree, result.files, scanners))
    ]
    with tempfile.TemporaryDirectory(prefix="fixers-") as scratch:
        for peer in peers(tree, scanners, Path(scratch), codemodder=codemodder):
            about = sum(item.finding.tool in peer.about for item in items)
            did = outcome(tree, peer.files, scanners)
            sides.append(Side(fixer=peer.name, about=about, seconds=peer.seconds, outcome=did, failed=peer.failed))
    return Case(name=folder.name, files=sum(1 for _ in tree.paths()), ours=result, sides=tuple(sides))


def _loaded(folder: Path) -> MemoryTree:
    """The folder's files, held, so that all fixers see the same bytes; what is not listed can still be read, as
    `secaid fix` can: an action's committed build, for one.
    """
    listed = ListedTree(folder)
    contents = {}
    for path in listed.paths():
        try:
            contents[path] = listed.read(path)
        except SourceUnavailable:
            continue
    return _Held(contents, listed)


class _Held(MemoryTree):
    def __init__(self, files: dict[str, bytes], folder: SourceTree) -> None:
        super().__init__(files)
        self._folder = folder

    def read(self, path: str) -> bytes:
        try:
            return super().read(path)
        except SourceUnavailable:
            return self._folder.read(path)


def _scanners(tree: SourceTree) -> Scanners:
    settings, paths = settings_module.load()
    where = settings.verification.scanners
    tools, _ = available([Path(where).expanduser() if where else paths.scanners])
    tools = with_own_rules(tools, tree, paths.data / "rules")
    return Scanners(tools, read, timeout=settings.verification.timeout_seconds, parallel=settings.verification.parallel)


def report(cases: Sequence[Case]) -> str:
    """All tables."""
    return "\n\n".join((_quality(cases), _sides(cases), _rules(cases))) + "\n"


def _head(*titles: str) -> str:
    return f"| {' | '.join(titles)} |\n|{' --- |' * len(titles)}"


def _quality(cases: Sequence[Case]) -> str:
    head = _head(
        *(
            "folder",
            "files",
            "findings",
            "for a person",
            "with a fixer",
            "nothing to mend",
            "declined",
            "with a candidate",
            "verified",
            "of those with a fixer",
            "of those to mend",
        ),
        *("of those with a candidate", "several", "of those with a candidate", "candidates", "parse"),
        *("re-scan clean", "preserved", "first answer s", "all s"),
    )
    rows = [(case.name, case.files, case.ours.total, case.ours.first_seconds, case.ours.seconds) for case in cases]
    rows.append(
        ("**all**", sum(row[1] for row in rows), _sum(row[2] for row in rows), sum(row[3] for row in rows),
         sum(row[4] for row in rows))
    )  # fmt: skip
    lines = [
        f"| {name} | {files} | {one.findings} | {one.person} | {one.known} | {one.harmless} "
        f"| {one.known - one.harmless - one.attempted} "
        f"| {one.attempted} | {_rate(one.verified, one.findings)} "
        f"| {_rate(one.verified, one.known)} | {_rate(one.verified, one.known - one.harmless)} "
        f"| {_rate(one.verified, one.attempted)} "
        f"| {_rate(one.several, one.findings)} | {_rate(one.several, one.attempted)} | {_candidates(one)} "
        f"| {first:.0f} | {seconds:.0f} |"
        for name, files, one, first, seconds in rows
    ]
    return "\n".join((head, *lines))


def _candidates(one: Figures) -> str:
    return (
        f"{one.candidates} | {_rate(one.parse, one.candidates)} | {_rate(one.clean, one.judged)} "
        f"| {_rate(one.preserved, one.clean)}"
    )


def _sides(cases: Sequence[Case]) -> str:
    head = _head(
        *("folder", "fixer", "findings it is about", "ended", "new", "files changed", "do not parse"),
        *("no longer work", "s"),
    )
    lines = [
        f"| {case.name} | {side.fixer}{' (failed)' if side.failed else ''} | {side.about} | {side.outcome.ended} "
        f"| {side.outcome.added} | {side.outcome.files} | {len(side.outcome.unparsed)} | {len(side.outcome.stopped)} "
        f"| {side.seconds:.1f} |"
        for case in cases
        for side in case.sides
    ]
    for name in dict.fromkeys(side.fixer for case in cases for side in case.sides):
        did = [side for case in cases for side in case.sides if side.fixer == name]
        counts = [sum(getter(side) for side in did) for getter in _COLUMNS]
        lines.append(
            f"| **all** | {name} | " + " | ".join(str(count) for count in counts) + f" | {_seconds(did):.1f} |"
        )
    return "\n".join((head, *lines))


_COLUMNS = (
    lambda side: side.about,
    lambda side: side.outcome.ended,
    lambda side: side.outcome.added,
    lambda side: side.outcome.files,
    lambda side: len(side.outcome.unparsed),
    lambda side: len(side.outcome.stopped),
)


def _seconds(sides: Iterable[Side]) -> float:
    return sum(side.seconds for side in sides)


def _rules(cases: Sequence[Case]) -> str:
    head = _head("rule", "findings", "verified", "several", "candidates", "parse", "re-scan clean", "preserved")
    rules: dict[str, list[Figures]] = {}
    for case in cases:
        for rule, counted in case.ours.by_rule.items():
            rules.setdefault(rule, []).append(counted)
    summed = sorted(((rule, _sum(counted)) for rule, counted in rules.items()), key=lambda row: -row[1].findings)
    lines = [
        f"| {rule} | {one.findings} | {_rate(one.verified, one.findings)} | {_rate(one.several, one.findings)} "
        f"| {_candidates(one)} |"
        for rule, one in summed
    ]
    return "\n".join((head, *lines))


def _sum(figures: Iterable[Figures]) -> Figures:
    total = Figures()
    for one in figures:
        for name in Figures.__struct_fields__:
            setattr(total, name, getattr(total, name) + getattr(one, name))
    return total


def _rate(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _line(case: Case) -> str:
    total = case.ours.total
    return f"{time.strftime('%H:%M:%S')} {case.name}: {total.verified} of {total.findings} findings verified"


def _details(cases: Sequence[Case]) -> str:
    lines = []
    for case in cases:
        lines += [f"== {case.name}"]
        lines += [f"{rule}: {reason}" for rule, reason in case.ours.reasons]
        for side in case.sides:
            lines += [f"{side.fixer}: {words}" for words in (*side.outcome.unparsed, *side.outcome.stopped)]
            lines += [f"{side.fixer}: added {rule}" for rule in side.outcome.added_rules]
            lines += [f"{side.fixer}: {side.failed}"] if side.failed else []
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
