"""Grype's JSON."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from daemon.domain.finding import Finding
from workers.parsers import severity
from workers.parsers.content import Probe
from workers.parsers.identifiers import cwes, unique
from workers.parsers.packages import package
from workers.parsers.paths import Place
from workers.parsers.records import Record, each, located
from workers.parsers.registry import Document, Outcome, Parsed, parser
from workers.parsers.text import first_line


class Cvss(Record):
    """One rating."""

    vector: str | None = None


class Epss(Record):
    """Probability of exploitation."""

    epss: float | None = None


class Cwe(Record):
    """A weakness behind it."""

    cwe: str | None = None


class FixState(Record):
    """Versions that fix it."""

    versions: list[str] | None = None
    state: str | None = None


class Vulnerability(Record, rename="camel"):
    """A vulnerability, as one source tells it."""

    id: str
    data_source: str | None = None
    severity: str | None = None
    description: str | None = None
    cvss: list[Cvss] | None = None
    epss: list[Epss] | None = None
    cwes: list[Cwe] | None = None
    fix: FixState | None = None


class FileLocation(Record):
    """Where a package was seen."""

    path: str | None = None


class Artifact(Record):
    """The package."""

    name: str
    version: str = ""
    type: str | None = None
    purl: str | None = None
    locations: list[FileLocation] | None = None


class IgnoreRule(Record):
    """Why a match was set aside."""

    vulnerability: str | None = None
    reason: str | None = None


class Match(Record, rename="camel"):
    """One vulnerable package."""

    vulnerability: Vulnerability
    artifact: Artifact
    related_vulnerabilities: list[Vulnerability] | None = None
    applied_ignore_rules: list[IgnoreRule] | None = None


class ImageTarget(Record, rename="camel"):
    """The scanned image."""

    user_input: str | None = None


class Source(Record):
    """What was scanned."""

    type: str | None = None
    target: ImageTarget | str | None = None


class Descriptor(Record):
    """The scanner."""

    version: str | None = None


class Log(Record, rename="camel"):
    """A report."""

    matches: list[msgspec.Raw] | None = None
    ignored_matches: list[msgspec.Raw] | None = None
    source: Source | None = None
    descriptor: Descriptor | None = None


def _is_grype(probe: Probe) -> bool:
    if not probe.object_with("matches"):
        return False
    descriptor = probe.value("descriptor")  # xeol's reports have the same shape
    if isinstance(descriptor, dict):
        return bool(descriptor.get("name", "grype") == "grype")
    return b'"vulnerability"' in probe.start("matches")


@parser("grype-json", tools=("grype",), recognises=_is_grype)
def parse(document: Document) -> Parsed:
    """A Grype report → its matches; those it was told to ignore are suppressed findings."""
    log = msgspec.json.decode(document.probe.data, type=Log, strict=False)
    version = log.descriptor.version if log.descriptor else None
    return Parsed(tool="grype", tool_version=version, rows=_rows(log, document))


def _rows(log: Log, document: Document) -> Iterator[Outcome]:
    source = log.source or Source()
    image = source.target.user_input if isinstance(source.target, ImageTarget) and source.type == "image" else None
    for raw, match in (*each(log.matches, Match), *each(log.ignored_matches, Match)):
        yield raw, _finding(match, _place(match, image, document))


def _place(match: Match, image: str | None, document: Document) -> Place:
    name = next((where.path for where in match.artifact.locations or () if where.path), None)
    if image:
        return Place(other=image)
    # In a folder, Grype writes paths from the folder with a leading slash.
    return document.paths.place(name.lstrip("/") if name else None)


def _finding(match: Match, place: Place) -> Finding:
    item, found = match.vulnerability, match.artifact
    related = match.related_vulnerabilities or []
    vectors = tuple(rating.vector for source in (item, *related) for rating in source.cvss or () if rating.vector)
    rated = severity.rate(vectors=vectors, word=item.severity)
    description = item.description or next((other.description for other in related if other.description), "")
    epss = next((entry.epss for source in (item, *related) for entry in source.epss or ()), None)
    ignored = match.applied_ignore_rules
    return Finding(
        tool="grype",
        rule=item.id,
        title=first_line(description or item.id),
        message=f"{item.id} in {found.name} {found.version}",
        severity=severity.from_word(item.severity) if item.severity else rated.severity,
        tool_severity=item.severity,
        cvss_vector=rated.vector,
        cvss_score=rated.score,
        locations=located(place),
        package=package(
            kind=found.type,
            name=None if found.purl else found.name,
            version=found.version,
            purl=found.purl,
            fixed=(item.fix.versions or ()) if item.fix else (),
            manifest=place.path,
        )
        or package(kind=found.type, name=found.name, version=found.version, manifest=place.path),
        aliases=unique((other.id for other in related), without=item.id),
        cwes=cwes([entry.cwe for source in (item, *related) for entry in source.cwes or ()]),
        help_text=description or "",
        help_uri=item.data_source,
        epss=epss,
        suppressed=f"grype: {ignored[0].reason or 'ignore rule'}" if ignored else None,
    )
