"""gosec's JSON."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from daemon.domain.finding import Finding, Region
from workers.parsers import severity
from workers.parsers.identifiers import cwes
from workers.parsers.records import Record, at_file, each, lines
from workers.parsers.registry import Document, Parsed, parser

_SPAN = re.compile(r"^\s*(\d{1,9})(?:-(\d{1,9}))?")
_NUMBERED = re.compile(r"^(\d+): ?(.*)$")


class Cwe(Record):
    """The weakness behind a rule."""

    id: str | int | None = None


class Suppression(Record):
    """A comment that silenced it."""

    justification: str | None = None


class Issue(Record):
    """One issue; a span of lines is text."""

    rule_id: str
    file: str
    severity: str | None = None
    confidence: str | None = None
    cwe: Cwe | None = None
    details: str = ""
    code: str | None = None
    line: str | int | None = None
    column: int | None = None
    nosec: bool | None = None
    suppressions: list[Suppression] | None = None


class Log(Record):
    """A report."""

    issues: list[msgspec.Raw] | None = msgspec.field(name="Issues", default=None)
    errors: Any = msgspec.field(name="Golang errors", default=None)
    """By file; some versions write an empty text for none."""
    version: str | None = msgspec.field(name="GosecVersion", default=None)


@parser("gosec-json", tools=("gosec",), recognises=lambda probe: probe.object_with("Issues", "Stats"))
def parse(document: Document) -> Parsed:
    """A gosec report → its issues; files that did not compile become notes."""
    log = msgspec.json.decode(document.probe.data, type=Log, strict=False)
    failed = log.errors if isinstance(log.errors, dict) else {}
    return Parsed(
        tool="gosec",
        tool_version=log.version,
        rows=((raw, _finding(issue, document)) for raw, issue in each(log.issues, Issue)),
        unread=tuple(path for name in failed if (path := document.paths.path(name))),
        notes=tuple(f"could not be read: {name}" for name in failed),
    )


def _finding(issue: Issue, document: Document) -> Finding:
    region = _region(issue)
    quieted = issue.suppressions or issue.nosec
    reason = next((item.justification for item in issue.suppressions or () if item.justification), None)
    return Finding(
        tool="gosec",
        rule=issue.rule_id,
        title=issue.details,
        message=issue.details or issue.rule_id,
        severity=severity.from_word(issue.severity),
        tool_severity=issue.severity,
        locations=at_file(document.paths, issue.file, region, snippet=_snippet(issue, region)),
        cwes=cwes(issue.cwe.id) if issue.cwe else (),
        confidence=issue.confidence,
        suppressed=f"inSource: {reason or 'nosec'}" if quieted else None,
    )


def _region(issue: Issue) -> Region | None:
    span = _SPAN.match(str(issue.line))
    return lines(int(span[1]), int(span[2] or span[1]), column=issue.column) if span else None


def _snippet(issue: Issue, region: Region | None) -> str | None:
    """The flagged lines, where the code is numbered; older versions quote them alone."""
    numbered = [match for line in (issue.code or "").splitlines() if (match := _NUMBERED.match(line))]
    if not numbered or region is None:
        return issue.code
    wanted = range(region.start_line, (region.end_line or region.start_line) + 1)
    return "\n".join(match[2] for match in numbered if int(match[1][:9]) in wanted) or None
