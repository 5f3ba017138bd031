"""A folder of real reports → a table: parser × samples × raw rows × kept × duplicates × ignored because.

    python tests/benchmarks/parsing/table.py FOLDER [--files] [--together]

Every file below FOLDER is read, whatever its name. Raw rows are counted a second time without secaid's parsers where
the format allows it; a difference is an error, as is a file that a parser fails on with anything but a typed error.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from counting import count

from daemon.domain.report import Report
from daemon.domain.scan import Disposition
from daemon.errors import ReportBroken, UnknownFormat
from workers.parsers import NotReport, read
from workers.triage.merge import Triage, distinct

HEADINGS = ("parser", "samples", "raw rows", "counted apart", "kept", "duplicates", "ignored", "because")


class Line:
    """One parser's figures."""

    def __init__(self) -> None:
        self.samples = self.rows = self.counted = 0
        self.countable = False
        self.fates: Counter[Disposition] = Counter()
        self.reasons: Counter[str] = Counter()

    def add(self, report: Report, counted: int | None) -> None:
        """Take in a sample's rows; their fates come with `add_fates`."""
        self.samples += 1
        self.rows += len(report.rows)
        self.countable |= counted is not None
        self.counted += counted if counted is not None else len(report.rows)

    def add_fates(self, triage: Triage, number: int) -> None:
        """Take in what became of the rows of a report."""
        for row in triage.accounts[number]:
            self.fates[row.disposition] += 1
            if row.disposition is Disposition.IGNORED:
                self.reasons[general(row.reason or "NO REASON")] += 1

    def cells(self, name: str) -> tuple[object, ...]:
        """The row of the table."""
        fates = [self.fates[fate] for fate in Disposition]
        because = "; ".join(f"{number} {reason}" for reason, number in self.reasons.most_common())
        return name, self.samples, self.rows, self.counted if self.countable else "–", *fates, because or "–"


def general(reason: str) -> str:
    """A reason without the names of one row."""
    reason = re.sub(r"^\S+ is affected through .*", "affected through another package alone", reason)
    return re.sub(r"\d{4}-\d{2}-\d{2}\S*", "…", reason)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, tell apart, print; 1 where a row or a file is not explained."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--files", action="store_true", help="name the files that are no readable report, with why")
    options.add_argument("--together", action="store_true", help="tell rows apart over all files, as one artifact")
    chosen = options.parse_args(arguments)
    lines: defaultdict[str, Line] = defaultdict(Line)
    others: Counter[str] = Counter()
    wrong: list[str] = []
    reports: list[Report] = []
    for path, outcome in _outcomes(chosen.folder):
        if not isinstance(outcome, Report):
            others[kind(outcome)] += 1
            if chosen.files:
                print(f"{path}: {outcome}", file=sys.stderr)
            continue
        counted = count(path.read_bytes(), outcome.format)
        if counted not in {None, len(outcome.rows)}:
            wrong.append(f"{path}: {outcome.format} gave {len(outcome.rows)} rows, and {counted} were counted")
        lines[outcome.format].add(outcome, counted)
        reports.append(outcome)
    for batch in [reports] if chosen.together else [[report] for report in reports]:
        triage = distinct(batch)
        for number, report in enumerate(batch):
            lines[report.format].add_fates(triage, number)
    _print(lines, others)
    for problem in wrong:
        print(f"WRONG {problem}", file=sys.stderr)
    return 1 if wrong or any(line.rows != sum(line.fates.values()) for line in lines.values()) else 0


def _outcomes(folder: Path) -> Iterator[tuple[Path, Report | NotReport | ReportBroken | UnknownFormat]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            yield path, read(path.read_bytes(), path.name)
        except (ReportBroken, UnknownFormat) as error:
            yield path, error


def kind(outcome: NotReport | ReportBroken | UnknownFormat) -> str:
    """A group of files that are no readable reports."""
    if isinstance(outcome, NotReport):
        return f"no report: {outcome.reason}"
    text = str(outcome).partition(": ")[2]
    return f"{'broken' if isinstance(outcome, ReportBroken) else 'unknown'}: {re.split(r' with |: ', text)[0]}"


def _print(lines: dict[str, Line], others: Counter[str]) -> None:
    print(f"| {' | '.join(HEADINGS)} |")
    print(f"|---|{'---:|' * (len(HEADINGS) - 2)}---|")
    for name, line in sorted(lines.items()):
        print(f"| {' | '.join(map(str, line.cells(name)))} |")
    fates = [sum(line.fates[fate] for line in lines.values()) for fate in Disposition]
    total = ("**all**", sum(line.samples for line in lines.values()), sum(line.rows for line in lines.values()))
    print(f"| {' | '.join(map(str, (*total, '', *fates, '')))} |")
    print(f"\n{sum(others.values())} files hold no report that can be read:\n")
    for reason, number in others.most_common():
        print(f"- {number}: {reason}")


if __name__ == "__main__":
    raise SystemExit(main())
