"""actionlint's JSON (`-format '{{json .}}'`)."""

from __future__ import annotations

from daemon.domain.finding import Finding
from daemon.domain.severity import Severity
from workers.parsers.records import Record, at_file, each, lines
from workers.parsers.registry import Document, Parsed, parser
from workers.parsers.text import first_line


class Problem(Record):
    """One error; columns are bytes from 1, the last one included."""

    message: str
    kind: str
    filepath: str = ""
    line: int | None = None
    column: int | None = None
    end_column: int | None = None
    snippet: str | None = None


@parser(
    "actionlint-json",
    tools=("actionlint",),
    recognises=lambda probe: probe.array_with("message", "filepath", "kind"),
    clean=(b"[]", b"null"),
)
def parse(document: Document) -> Parsed:
    """Actionlint's errors."""
    return Parsed(
        tool="actionlint", rows=((raw, _finding(row, document)) for raw, row in each(document.probe.items, Problem))
    )


def _finding(row: Problem, document: Document) -> Finding:
    end = row.end_column + 1 if row.end_column else None
    code = (row.snippet or "").partition("\n")[0]
    # The one kind that is about attacks; all others are mistakes.
    untrusted = row.kind == "expression" and "potentially untrusted" in row.message
    return Finding(
        tool="actionlint",
        rule=row.kind,
        title=first_line(row.message),
        message=row.message,
        severity=Severity.HIGH if untrusted else Severity.MEDIUM,
        locations=at_file(
            document.paths, row.filepath, lines(row.line, column=row.column, end_column=end), snippet=code
        ),
        cwes=(94,) if untrusted else (),
        help_uri="https://github.com/rhysd/actionlint/blob/main/docs/checks.md",
    )
