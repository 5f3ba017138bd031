"""The JSON of njsscan and mobsfscan, which share their engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from daemon.domain.finding import Finding, Location
from workers.parsers import severity
from workers.parsers.content import Probe
from workers.parsers.identifiers import cwes, owasp
from workers.parsers.records import Record, at_file, decoder, lines
from workers.parsers.registry import Document, Outcome, Parsed, parser
from workers.parsers.text import first_line


class Match(Record):
    """One place."""

    file_path: str = ""
    match_lines: list[int] | None = None
    match_position: list[int] | None = None
    match_string: str | None = None


class Metadata(Record, rename="kebab"):
    """What the rule says."""

    description: str | None = None
    severity: str | None = None
    cwe: str | None = None
    owasp_web: str | None = None
    owasp_mobile: str | None = None
    reference: str | None = None


class Rule(Record):
    """A rule that matched; one that misses something in the whole project has no files."""

    files: list[msgspec.Raw] | None = None
    metadata: Metadata | None = None


class Log(Record):
    """A report of either tool."""

    errors: list[Any] | None = None
    njsscan_version: str | None = None
    mobsfscan_version: str | None = None
    nodejs: dict[str, msgspec.Raw] | None = None
    templates: dict[str, msgspec.Raw] | None = None
    results: dict[str, msgspec.Raw] | None = None


def _is_njsscan(probe: Probe) -> bool:
    return probe.object_with("nodejs", "templates")


@parser("njsscan-json", tools=("njsscan",), recognises=_is_njsscan)
def parse(document: Document) -> Parsed:
    """Njsscan's matches, in code and in templates."""
    log = msgspec.json.decode(document.probe.data, type=Log, strict=False)
    rules = ((name, raw) for group in (log.nodejs, log.templates) for name, raw in (group or {}).items())
    return _parsed("njsscan", log.njsscan_version, rules, log, document)


def _is_mobsfscan(probe: Probe) -> bool:
    return probe.object_with("results", "mobsfscan_version")


@parser("mobsfscan-json", tools=("mobsfscan",), recognises=_is_mobsfscan)
def parse_mobile(document: Document) -> Parsed:
    """Mobsfscan's matches, and what it misses in the project."""
    log = msgspec.json.decode(document.probe.data, type=Log, strict=False)
    return _parsed("mobsfscan", log.mobsfscan_version, (log.results or {}).items(), log, document)


def _parsed(
    tool: str, version: str | None, rules: Iterable[tuple[str, msgspec.Raw]], log: Log, document: Document
) -> Parsed:
    notes = tuple(error if isinstance(error, str) else repr(error)[:300] for error in log.errors or ())
    return Parsed(tool=tool, tool_version=version, rows=_rows(tool, rules, document), notes=notes)


def _rows(tool: str, rules: Iterable[tuple[str, msgspec.Raw]], document: Document) -> Iterator[Outcome]:
    decode_rule, decode_match = decoder(Rule).decode, decoder(Match).decode
    for name, raw in rules:
        rule: Rule = decode_rule(raw)
        metadata = rule.metadata or Metadata()
        if not rule.files:
            yield {"rule": name}, _finding(tool, name, metadata, ())
        for place in rule.files or ():
            yield (
                {"rule": name, "file": msgspec.json.decode(place)},
                _finding(tool, name, metadata, _places(decode_match(place), document)),
            )


def _places(match: Match, document: Document) -> tuple[Location, ...]:
    span, columns = match.match_lines or [], match.match_position or []
    start, end = (span[0], span[-1]) if span else (None, None)
    region = lines(start, end, column=columns[0] if columns else None, end_column=columns[-1] if columns else None)
    return at_file(document.paths, match.file_path, region, snippet=match.match_string)


def _finding(tool: str, name: str, metadata: Metadata, places: tuple[Location, ...]) -> Finding:
    text = metadata.description or name
    return Finding(
        tool=tool,
        rule=name,
        title=first_line(text),
        message=text,
        severity=severity.from_word(metadata.severity),
        tool_severity=metadata.severity,
        locations=places,
        cwes=cwes(metadata.cwe),
        owasp=owasp(metadata.owasp_web, metadata.owasp_mobile),
        help_text=text,
        help_uri=metadata.reference,
    )
