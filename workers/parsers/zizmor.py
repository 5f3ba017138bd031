"""zizmor's JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daemon.domain.finding import Finding, Location, Region
from workers.parsers import severity
from workers.parsers.paths import PathResolver
from workers.parsers.records import Record, each
from workers.parsers.registry import Document, Parsed, parser


class Point(Record):
    """A place in a file, rows and columns from 0."""

    row: int
    column: int


class Span(Record):
    """A part of a file."""

    start_point: Point
    end_point: Point


class Concrete(Record):
    """Where it is in the text."""

    location: Span | None = None
    feature: str | None = None


class Symbolic(Record):
    """What it is in the workflow."""

    key: dict[str, Any] | None = None
    annotation: str | None = None
    kind: str | None = None


class Place(Record):
    """One location."""

    symbolic: Symbolic | None = None
    concrete: Concrete | None = None


class Determinations(Record):
    """How bad, and how sure."""

    severity: str | None = None
    confidence: str | None = None


class Result(Record):
    """One finding."""

    ident: str
    desc: str = ""
    url: str | None = None
    determinations: Determinations | None = None
    locations: list[Place] | None = None
    ignored: bool = False


@parser(
    "zizmor-json",
    tools=("zizmor",),
    recognises=lambda probe: probe.array_with("ident", "determinations"),
    clean=(b"[]",),
)
def parse(document: Document) -> Parsed:
    """Zizmor's findings; the first primary location leads, the rest is related."""
    rows = ((raw, _finding(result, document.paths)) for raw, result in each(document.probe.items, Result))
    return Parsed(tool="zizmor", rows=rows)


def _finding(result: Result, paths: PathResolver) -> Finding:
    places = result.locations or []
    primary = [place for place in places if place.symbolic and place.symbolic.kind == "Primary"] or places[:1]
    rated = result.determinations or Determinations()
    annotation = next((place.symbolic.annotation for place in primary if place.symbolic), None)
    return Finding(
        tool="zizmor",
        rule=result.ident,
        title=result.desc,
        message=": ".join(filter(None, (result.desc, annotation))),
        severity=severity.from_word(rated.severity),
        tool_severity=rated.severity,
        locations=_locations(primary, paths),
        related=_locations([place for place in places if all(place is not other for other in primary)], paths),
        help_text=result.desc,
        help_uri=result.url,
        confidence=rated.confidence,
        suppressed="inSource: ignored by comment or configuration" if result.ignored else None,
    )


def _locations(places: Sequence[Place], paths: PathResolver) -> tuple[Location, ...]:
    return tuple(_location(place, paths) for place in places)


def _location(place: Place, paths: PathResolver) -> Location:
    symbolic, concrete = place.symbolic or Symbolic(), place.concrete or Concrete()
    where = paths.place(_name(symbolic.key or {}))
    return Location(
        path=where.path,
        url=where.url,
        logical=where.other,
        region=_region(concrete.location) if concrete.location else None,
        snippet=concrete.feature,
        message=symbolic.annotation,
    )


def _name(key: dict[str, Any]) -> str | None:
    """The file's name in a key: `{"Local": {"verbatim_path": …}}`, `{"Remote": {"path": …}}`."""
    for inner in key.values():
        if isinstance(inner, dict):
            name = inner.get("verbatim_path") or inner.get("given_path") or inner.get("path")
            if isinstance(name, str):
                return name
    return None


def _region(span: Span) -> Region:
    return Region(
        start_line=span.start_point.row + 1,
        start_column=span.start_point.column + 1,
        end_line=span.end_point.row + 1,
        end_column=span.end_point.column + 1,
    )
