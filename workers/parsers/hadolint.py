"""hadolint's JSON."""

from __future__ import annotations

from daemon.domain.finding import Finding
from workers.parsers import severity
from workers.parsers.content import Probe
from workers.parsers.records import Record, at_file, each, lines
from workers.parsers.registry import Document, Parsed, parser
from workers.parsers.sarif_tools.hadolint import help_uri
from workers.parsers.text import first_line


class Result(Record):
    """One rule that a line breaks."""

    code: str
    file: str
    message: str = ""
    line: int | None = None
    column: int | None = None
    level: str | None = None


def _is_hadolint(probe: Probe) -> bool:
    return probe.array_with("code", "file", "line", "level") and isinstance(probe.value("code"), str)


@parser("hadolint-json", tools=("hadolint",), recognises=_is_hadolint, clean=(b"[]",))
def parse(document: Document) -> Parsed:
    """Hadolint's rows."""
    return Parsed(
        tool="hadolint", rows=((raw, _finding(row, document)) for raw, row in each(document.probe.items, Result))
    )


def _finding(row: Result, document: Document) -> Finding:
    return Finding(
        tool="hadolint",
        rule=row.code,
        title=first_line(row.message),
        message=row.message,
        severity=severity.from_word(row.level),
        tool_severity=row.level,
        locations=at_file(document.paths, row.file, lines(row.line, column=row.column)),
        help_uri=help_uri(row.code),
    )
