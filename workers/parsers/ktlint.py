"""ktlint's JSON."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from daemon.domain.finding import Finding
from workers.parsers import severity
from workers.parsers.content import Probe
from workers.parsers.records import Record, at_file, each, lines
from workers.parsers.registry import Document, Outcome, Parsed, parser

_RULES = "https://pinterest.github.io/ktlint/latest/rules/standard/#"


class Remark(Record):
    """One remark on one place; a file that does not parse has one without a rule."""

    line: int | None = None
    column: int | None = None
    message: str = ""
    rule: str = ""


class File(Record):
    """What was said about one file."""

    file: str
    errors: list[msgspec.Raw]


def _is_ktlint(probe: Probe) -> bool:
    return probe.array_with("file", "errors")


@parser("ktlint-json", tools=("ktlint",), recognises=_is_ktlint, clean=(b"[]",))
def parse(document: Document) -> Parsed:
    """Ktlint's remarks, grouped by file there and one row each here."""
    return Parsed(tool="ktlint", rows=_rows(document))


def _rows(document: Document) -> Iterator[Outcome]:
    for _, file in each(document.probe.items, File):
        for raw, remark in each(file.errors, Remark):
            yield {"file": file.file, "error": msgspec.json.decode(raw)}, _finding(file.file, remark, document)


def _finding(path: str, remark: Remark, document: Document) -> Finding:
    rule = remark.rule.removeprefix("standard:") or "syntax"
    return Finding(
        tool="ktlint",
        rule=rule,
        title=remark.message,
        message=remark.message,
        severity=severity.from_word("info" if remark.rule else "medium"),
        locations=at_file(document.paths, path, lines(remark.line, column=remark.column)),
        help_uri=f"{_RULES}{rule}" if remark.rule.startswith("standard:") else None,
    )
