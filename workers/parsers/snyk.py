"""Snyk's JSON for open source and containers. Snyk Code writes SARIF."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from daemon.domain.finding import Finding
from workers.parsers import severity
from workers.parsers.content import Probe, Shape
from workers.parsers.identifiers import cwes, unique
from workers.parsers.packages import package
from workers.parsers.paths import Place
from workers.parsers.records import Record, each, located
from workers.parsers.registry import Document, Outcome, Parsed, parser


class Identifiers(Record):
    """Other names."""

    cve: list[str] | None = msgspec.field(name="CVE", default=None)
    cwe: list[str] | None = msgspec.field(name="CWE", default=None)
    ghsa: list[str] | None = msgspec.field(name="GHSA", default=None)


class Epss(Record):
    """Probability of exploitation."""

    probability: float | str | None = None


class Vulnerability(Record, rename="camel"):
    """One path to one vulnerable package."""

    id: str
    title: str | None = None
    package_name: str | None = None
    module_name: str | None = None
    name: str | None = None
    version: str | None = None
    severity: str | None = None
    cvss_v3: str | None = msgspec.field(name="CVSSv3", default=None)
    cvss_score: float | None = None
    identifiers: Identifiers | None = None
    fixed_in: list[str] | None = None
    description: str | None = None
    from_: list[str] | None = msgspec.field(name="from", default=None)
    epss_details: Epss | None = None
    type: str | None = None


class Docker(Record, rename="camel"):
    """Says that an image was scanned."""

    base_image: str | None = None


class Project(Record, rename="camel"):
    """One manifest or image."""

    vulnerabilities: list[msgspec.Raw] | None = None
    filtered: dict[str, Any] | None = None
    package_manager: str | None = None
    display_target_file: str | None = None
    target_file: str | None = None
    project_name: str | None = None
    path: str | None = None
    docker: Docker | None = None
    applications: list[msgspec.Raw] | None = None
    error: str | None = None


def _is_snyk(probe: Probe) -> bool:
    known = probe.shape in {Shape.OBJECT, Shape.ARRAY}
    return known and {"vulnerabilities", "ok"} <= probe.fields.keys() and "dependencyCount" in probe.fields


@parser("snyk-json", tools=("snyk",), recognises=_is_snyk)
def parse(document: Document) -> Parsed:
    """A Snyk report → one row for each path to a vulnerable package; further paths to one repeat it."""
    kind: Any = list[Project] if document.probe.shape is Shape.ARRAY else Project
    decoded = msgspec.json.decode(document.probe.data, type=kind, strict=False)
    projects: list[Project] = decoded if isinstance(decoded, list) else [decoded]
    notes = tuple(f"{project.path}: {project.error}" for project in projects if project.error)
    return Parsed(tool="snyk", rows=_rows(projects, document), notes=notes)


def _rows(projects: list[Project], document: Document) -> Iterator[Outcome]:
    for project in projects:
        image = project.path or project.project_name if project.docker else None
        name = project.display_target_file or project.target_file
        place = Place(other=image) if image else document.paths.place(name)
        for raw, item in each(project.vulnerabilities, Vulnerability):
            yield raw, _finding(item, project, place)
        for _, inner in each(project.applications, Project):
            yield from _rows([inner], document)


def _finding(item: Vulnerability, project: Project, place: Place) -> Finding:
    ids = item.identifiers or Identifiers()
    name = item.package_name or item.module_name or item.name or "unknown"
    rated = severity.rate(vectors=(item.cvss_v3,) if item.cvss_v3 else (), score=item.cvss_score, word=item.severity)
    epss = severity.number(item.epss_details.probability) if item.epss_details else None
    return Finding(
        tool="snyk",
        rule=item.id,
        title=item.title or item.id,
        message=f"{item.title or item.id} in {name} {item.version or ''}".rstrip(),
        severity=severity.from_word(item.severity) if item.severity else rated.severity,
        tool_severity=item.severity,
        cvss_vector=rated.vector,
        cvss_score=rated.score,
        locations=located(place),
        package=package(
            kind=project.package_manager,
            name=name,
            version=item.version,
            fixed=item.fixed_in or (),
            manifest=place.path,
        ),
        aliases=unique((*(ids.cve or ()), *(ids.ghsa or ())), without=item.id),
        cwes=cwes(ids.cwe),
        help_text=item.description or "",
        help_uri=f"https://security.snyk.io/vuln/{item.id}",
        epss=epss,
    )
