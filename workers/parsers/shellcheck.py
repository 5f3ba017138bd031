"""ShellCheck's JSON, of both shapes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from daemon.domain.finding import Finding, Region, Replacement, ScannerFix
from workers.parsers import severity
from workers.parsers.content import Probe, Shape
from workers.parsers.records import Record, at_file, each, lines
from workers.parsers.registry import Document, Parsed, parser
from workers.parsers.text import first_line


class Edit(Record, rename="camel"):
    """One edit; columns count a tab as one in `json1` alone."""

    line: int
    end_line: int
    column: int
    end_column: int
    replacement: str = ""


class Fix(Record):
    """The edits that end a comment."""

    replacements: list[Edit] | None = None


class Comment(Record, rename="camel"):
    """One remark on one place."""

    file: str
    code: int
    message: str = ""
    line: int | None = None
    end_line: int | None = None
    column: int | None = None
    end_column: int | None = None
    level: str | None = None
    fix: Fix | None = None


class Log(Record):
    """The `json1` shape."""

    comments: list[msgspec.Raw]


def _is_shellcheck(probe: Probe) -> bool:
    if probe.shape is Shape.OBJECT:
        return probe.fields.keys() == {"comments"}
    return probe.array_with("code", "file", "endLine", "level")


@parser("shellcheck-json", tools=("shellcheck",), recognises=_is_shellcheck, clean=(b"[]",))
def parse(document: Document) -> Parsed:
    """ShellCheck's comments; their fixes only from `json1`, whose columns are true."""
    probe = document.probe
    exact = probe.shape is Shape.OBJECT
    raws: Sequence[msgspec.Raw] = msgspec.json.decode(probe.data, type=Log).comments if exact else probe.items
    rows = ((raw, _finding(comment, document, exact)) for raw, comment in each(raws, Comment))
    return Parsed(tool="shellcheck", rows=rows)


def _finding(comment: Comment, document: Document, exact: bool) -> Finding:
    region = lines(comment.line, comment.end_line, column=comment.column, end_column=comment.end_column)
    locations = at_file(document.paths, comment.file, region)
    path = locations[0].path if locations else None
    rule = f"SC{comment.code}"
    return Finding(
        tool="shellcheck",
        rule=rule,
        title=first_line(comment.message),
        message=comment.message,
        severity=severity.from_word(comment.level),
        tool_severity=comment.level,
        locations=locations,
        help_uri=f"https://www.shellcheck.net/wiki/{rule}",
        fixes=_fixes(comment.fix, path) if exact and path and comment.fix else (),
    )


def _fixes(fix: Fix, path: str) -> tuple[ScannerFix, ...]:
    edits = tuple(
        Replacement(
            path=path,
            region=Region(
                start_line=edit.line, start_column=edit.column, end_line=edit.end_line, end_column=edit.end_column
            ),
            text=edit.replacement,
        )
        for edit in fix.replacements or ()
    )
    return (ScannerFix(description="ShellCheck's own fix", replacements=edits),) if edits else ()
