"""KICS' JSON: one row for each file of each query."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from daemon.domain.finding import Finding
from workers.parsers import severity
from workers.parsers.identifiers import cwes
from workers.parsers.records import Record, at_file, each, lines
from workers.parsers.registry import Document, Outcome, Parsed, parser


class File(Record):
    """One place."""

    file_name: str = ""
    line: int | None = None
    similarity_id: str | None = None
    search_key: str | None = None
    expected_value: str | None = None
    actual_value: str | None = None


class Query(Record):
    """One query that found something."""

    query_name: str
    query_id: str
    files: list[msgspec.Raw] | None = None
    query_url: str | None = None
    severity: str | None = None
    cwe: str | None = None
    category: str | None = None
    description: str | None = None


class Log(Record):
    """A report."""

    queries: list[Query]
    kics_version: str | None = None
    files_failed_to_scan: int | None = None


@parser("kics-json", tools=("kics",), recognises=lambda probe: probe.object_with("queries", "files_scanned"))
def parse(document: Document) -> Parsed:
    """A KICS report → the places of its queries."""
    log = msgspec.json.decode(document.probe.data, type=Log, strict=False)
    failed = log.files_failed_to_scan
    notes = (f"{failed} files could not be scanned",) if failed else ()
    return Parsed(tool="kics", tool_version=log.kics_version, rows=_rows(log, document), notes=notes)


def _rows(log: Log, document: Document) -> Iterator[Outcome]:
    for query in log.queries:
        for raw, file in each(query.files, File):
            yield raw, _finding(query, file, document)


def _finding(query: Query, file: File, document: Document) -> Finding:
    said = (
        f"expected: {file.expected_value}" if file.expected_value else None,
        f"found: {file.actual_value}" if file.actual_value else None,
    )
    return Finding(
        tool="kics",
        rule=query.query_id,
        title=query.query_name,
        message="; ".join(filter(None, (query.query_name, *said))),
        severity=severity.from_word(query.severity),
        tool_severity=query.severity,
        locations=tuple(
            msgspec.structs.replace(place, logical=place.logical or file.search_key)
            for place in at_file(document.paths, file.file_name, lines(file.line))
        ),
        cwes=cwes(query.cwe),
        help_text=query.description or "",
        help_uri=query.query_url,
        partial_fingerprints={"similarityId": file.similarity_id} if file.similarity_id else {},
    )
