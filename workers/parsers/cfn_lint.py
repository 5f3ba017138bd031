"""cfn-lint's JSON."""

from __future__ import annotations

from daemon.domain.finding import Finding
from workers.parsers import severity
from workers.parsers.records import Record, at_file, each, lines
from workers.parsers.registry import Document, Parsed, parser
from workers.parsers.text import first_line


class Point(Record, rename="pascal"):
    """A place in a template, from 1."""

    line_number: int | None = None
    column_number: int | None = None


class Span(Record, rename="pascal"):
    """A part of a template."""

    start: Point | None = None
    end: Point | None = None


class Rule(Record, rename="pascal"):
    """What was broken."""

    id: str
    description: str | None = None
    short_description: str | None = None
    source: str | None = None


class Match(Record, rename="pascal"):
    """One match."""

    rule: Rule
    filename: str = ""
    level: str | None = None
    location: Span | None = None
    message: str = ""


@parser(
    "cfn-lint-json",
    tools=("cfn-lint",),
    recognises=lambda probe: probe.array_with("Rule", "Filename", "Location"),
    clean=(b"[]",),
)
def parse(document: Document) -> Parsed:
    """cfn-lint's matches."""
    return Parsed(
        tool="cfn-lint", rows=((raw, _finding(row, document)) for raw, row in each(document.probe.items, Match))
    )


def _finding(row: Match, document: Document) -> Finding:
    span = row.location or Span()
    start, end = span.start or Point(), span.end or Point()
    region = lines(start.line_number, end.line_number, column=start.column_number, end_column=end.column_number)
    return Finding(
        tool="cfn-lint",
        rule=row.rule.id,
        title=first_line(row.rule.short_description or row.message),
        message=row.message,
        severity=severity.from_word(row.level),
        tool_severity=row.level,
        locations=at_file(document.paths, row.filename, region),
        help_text=row.rule.description or "",
        help_uri=row.rule.source,
    )
