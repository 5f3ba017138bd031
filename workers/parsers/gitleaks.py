"""Gitleaks' JSON, of version 8 and of those before. The secrets themselves are dropped here."""

from __future__ import annotations

import msgspec

from daemon.domain.finding import Finding, Location
from daemon.domain.severity import Severity
from daemon.masking import MASK
from workers.parsers.content import Probe
from workers.parsers.paths import PathResolver
from workers.parsers.records import Record, at_file, each, lines
from workers.parsers.registry import Document, Parsed, parser


class Leak(Record, rename="pascal"):
    """A leak as version 8 writes it."""

    rule_id: str = msgspec.field(name="RuleID")
    file: str = ""
    description: str | None = None
    start_line: int | None = None
    end_line: int | None = None
    start_column: int | None = None
    end_column: int | None = None
    commit: str | None = None


class OldLeak(Record):
    """A leak as versions before 8 write it."""

    rule: str
    file: str = ""
    line_number: int | None = msgspec.field(name="lineNumber", default=None)
    commit: str | None = None


@parser(
    "gitleaks-json",
    tools=("gitleaks",),
    recognises=lambda probe: probe.array_with("RuleID", "File"),
    clean=(b"[]", b"null"),
)
def parse(document: Document) -> Parsed:
    """Gitleaks 8 → its leaks."""
    rows = ((raw, _finding(leak, document.paths)) for raw, leak in each(document.probe.items, Leak))
    return Parsed(tool="gitleaks", rows=rows)


def _is_old(probe: Probe) -> bool:
    return probe.array_with("offender", "rule")


@parser("gitleaks-7-json", tools=("gitleaks",), recognises=_is_old)
def parse_old(document: Document) -> Parsed:
    """Gitleaks before 8 → its leaks."""
    rows = (
        (
            raw,
            _finding(
                Leak(rule_id=leak.rule, file=leak.file, start_line=leak.line_number, commit=leak.commit), document.paths
            ),
        )
        for raw, leak in each(document.probe.items, OldLeak)
    )
    return Parsed(tool="gitleaks", rows=rows)


def _finding(leak: Leak, paths: PathResolver) -> Finding:
    region = lines(leak.start_line, leak.end_line, column=leak.start_column, end_column=leak.end_column)
    note = f"in commit {leak.commit}" if leak.commit else None
    places = at_file(paths, leak.file, region, snippet=MASK if region else None) or (Location(),)
    return Finding(
        tool="gitleaks",
        rule=leak.rule_id,
        title=leak.description or leak.rule_id,
        message=f"{leak.rule_id} has detected secret for file {leak.file}.",
        severity=Severity.HIGH,
        locations=tuple(msgspec.structs.replace(place, message=note) for place in places),
        cwes=(798,),
        help_text=leak.description or "",
    )
