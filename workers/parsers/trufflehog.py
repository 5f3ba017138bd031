"""TruffleHog's JSON lines, of version 3 and of version 2. The secrets themselves are dropped here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from daemon.domain.finding import Finding, Location
from daemon.domain.severity import Severity
from daemon.masking import MASK
from workers.parsers.content import Probe, Shape
from workers.parsers.paths import PathResolver
from workers.parsers.records import Record, at_file, each, lines
from workers.parsers.registry import Document, Outcome, Parsed, parser


class Metadata(Record):
    """Where it was found; one key, the source's kind."""

    data: dict[str, dict[str, Any]] | None = msgspec.field(name="Data", default=None)


class Result(Record, rename="pascal"):
    """One secret."""

    source_metadata: Metadata | None = None
    detector_name: str = "unknown"
    detector_description: str | None = None
    verified: bool = False
    raw: str | None = None
    """The secret; only to tell two of one place apart."""


class OldResult(Record):
    """One commit with strings that look like secrets."""

    reason: str
    path: str | None = None
    commit_hash: str | None = msgspec.field(name="commitHash", default=None)


def _raws(document: Document) -> list[msgspec.Raw]:
    return list(document.probe.items) or [msgspec.Raw(document.probe.data)]


def _is_new(probe: Probe) -> bool:
    return probe.shape is not Shape.XML and {"SourceMetadata", "DetectorName"} <= probe.fields.keys()


@parser("trufflehog-json", tools=("trufflehog",), recognises=_is_new, clean=(b"",))
def parse(document: Document) -> Parsed:
    """TruffleHog 3 → its secrets; verified ones are critical, because they work."""
    return Parsed(tool="trufflehog", rows=_rows(document))


def _rows(document: Document) -> Iterator[Outcome]:
    """Of several secrets in one place, each further one is numbered: images and messages have no lines."""
    known: defaultdict[tuple[str, Location], list[str | None]] = defaultdict(list)
    for raw, result in each(_raws(document), Result):
        finding = _finding(result, document.paths)
        secrets = known[finding.rule, msgspec.structs.replace(finding.location, message=None)]
        if result.raw not in secrets:
            secrets.append(result.raw)
        number = secrets.index(result.raw)
        if number:
            finding = msgspec.structs.replace(finding, message=f"{finding.message} (secret {number + 1} there)")
        yield raw, finding


def _is_old(probe: Probe) -> bool:
    return {"stringsFound", "commitHash", "reason"} <= probe.fields.keys()


@parser("trufflehog-2-json", tools=("trufflehog",), recognises=_is_old)
def parse_old(document: Document) -> Parsed:
    """TruffleHog 2 → one row for each commit, file and reason."""
    rows = (
        (
            raw,
            _leak(
                result.reason, result.reason, at_file(document.paths, result.path), result.commit_hash, verified=False
            ),
        )
        for raw, result in each(_raws(document), OldResult)
    )
    return Parsed(tool="trufflehog", rows=rows)


def _finding(result: Result, paths: PathResolver) -> Finding:
    data = result.source_metadata.data if result.source_metadata else None
    where = next(iter((data or {}).values()), {})
    line = where.get("line")
    region = lines(line if isinstance(line, int) and not isinstance(line, bool) else None)
    name = where.get("file") or where.get("path") or where.get("link")
    places = at_file(paths, name if isinstance(name, str) else None, region, snippet=MASK if region else None)
    if isinstance(image := where.get("image"), str):
        places = (Location(logical=f"{image}: {name}"),)
    commit = where.get("commit")
    text = result.detector_description or f"a credential of {result.detector_name}"
    return _leak(
        result.detector_name, text, places, commit if isinstance(commit, str) else None, verified=result.verified
    )


def _leak(rule: str, text: str, places: tuple[Location, ...], commit: str | None, *, verified: bool) -> Finding:
    file = (places[0].path or places[0].logical) if places else None
    note = f"in commit {commit}" if commit else None
    return Finding(
        tool="trufflehog",
        rule=rule,
        title=rule,
        message=f"{rule} found in {file or 'the source'}" + (": it was verified to work" if verified else ""),
        severity=Severity.CRITICAL if verified else Severity.HIGH,
        tool_severity="verified" if verified else "unverified",
        locations=tuple(msgspec.structs.replace(place, message=note) for place in places),
        cwes=(798,),
        help_text=text,
    )
