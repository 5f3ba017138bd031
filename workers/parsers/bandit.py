"""Bandit's JSON."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from daemon.domain.finding import Finding, Region
from daemon.masking import MASK
from workers.parsers import severity
from workers.parsers.identifiers import cwes
from workers.parsers.records import Record, at_file, each
from workers.parsers.registry import Document, Parsed, parser
from workers.parsers.text import first_line

_NUMBERED = re.compile(r"^(\d+) ?(.*)$")


class Cwe(Record):
    """The weakness behind a test."""

    id: int | None = None


class Result(Record):
    """One issue."""

    test_id: str
    filename: str
    test_name: str | None = None
    issue_text: str | None = None
    issue_severity: str | None = None
    issue_confidence: str | None = None
    issue_cwe: Cwe | None = None
    line_number: int | None = None
    line_range: list[int] | None = None
    col_offset: int | None = None
    end_col_offset: int | None = None
    code: str | None = None
    more_info: str | None = None


class Problem(Record):
    """A file that could not be read."""

    filename: str | None = None
    reason: str | None = None


class Log(Record):
    """A report."""

    results: list[msgspec.Raw] | None = None
    errors: list[Problem] | None = None
    metrics: dict[str, Any] | None = None


_QUOTES_SECRET = frozenset(("B105", "B106", "B107"))
"""Rules whose message is the credential itself, whatever signs and lines that has."""
_QUOTED = re.compile("'.*'", re.DOTALL)


@parser("bandit-json", tools=("bandit",), recognises=lambda probe: probe.object_with("results", "metrics", "errors"))
def parse(document: Document) -> Parsed:
    """A Bandit report → its issues; the metrics prove which files were read, except those with errors."""
    log = msgspec.json.decode(document.probe.data, type=Log, strict=False)
    failed = {error.filename for error in log.errors or ()}
    scanned = (document.paths.path(name) for name in log.metrics or () if name != "_totals" and name not in failed)
    return Parsed(
        tool="bandit",
        rows=((raw, _finding(result, document)) for raw, result in each(log.results, Result)),
        scanned=tuple(path for path in scanned if path),
        lists_all=bool(log.metrics),
        unread=tuple(path for name in failed if (path := document.paths.path(name))),
        notes=tuple(f"{error.filename}: {error.reason}" for error in log.errors or ()),
    )


def _finding(result: Result, document: Document) -> Finding:
    text = result.issue_text or result.test_name or result.test_id
    if result.test_id in _QUOTES_SECRET:
        text = _QUOTED.sub(f"'{MASK}'", text)
    return Finding(
        tool="bandit",
        rule=result.test_id,
        title=first_line(text),
        message=text,
        severity=severity.from_word(result.issue_severity),
        tool_severity=result.issue_severity,
        locations=at_file(document.paths, result.filename, _region(result), snippet=_snippet(result)),
        cwes=cwes(result.issue_cwe.id) if result.issue_cwe else (),
        help_text=text,
        help_uri=result.more_info,
        confidence=result.issue_confidence,
    )


def _region(result: Result) -> Region | None:
    if not result.line_number:
        return None
    column = result.col_offset + 1 if result.col_offset is not None and result.col_offset >= 0 else None
    end_column = result.end_col_offset + 1 if result.end_col_offset else None
    last = max(result.line_range or [result.line_number])
    return Region(start_line=result.line_number, start_column=column, end_line=last, end_column=end_column)


def _snippet(result: Result) -> str:
    """The flagged lines out of the numbered ones around them."""
    wanted = {result.line_number, *(result.line_range or ())}
    numbered = (_NUMBERED.match(line) for line in (result.code or "").splitlines())
    return "\n".join(match[2] for match in numbered if match and int(match[1][:9]) in wanted)
