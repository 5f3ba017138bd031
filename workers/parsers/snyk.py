"""Snyk's JSON for open source, containers and infrastructure as code. Snyk Code writes SARIF."""

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
from workers.parsers.records import Record, each, lines, located
from workers.parsers.registry import Document, Outcome, Parsed, parser

_REACHABLE = {"function": True, "reachable": True, "potentially-reachable": True, "not-reachable": False}
"""Snyk's words; `package` and `no-info` say nothing about the call."""


class Identifiers(Record):
    """Other names."""

    cve: list[str] | None = msgspec.field(name="CVE", default=None)
    cwe: list[str] | None = msgspec.field(name="CWE", default=None)
    ghsa: list[str] | None = msgspec.field(name="GHSA", default=None)


class Epss(Record):
    """Probability of exploitation."""

    probability: float | str | None = None


class Ignore(Record):
    """Why a person had an issue ignored."""

    reason: str | None = None


class Ignores(Record):
    """What Snyk says of an issue that it was told to leave out."""

    ignored: list[Ignore] | None = None


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
    epss_details: Epss | None = None
    reachability: str | None = None
    filtered: Ignores | None = None


class Misconfiguration(Record, rename="camel"):
    """One thing that a file of infrastructure has wrong."""

    id: str
    title: str | None = None
    severity: str | None = None
    issue: str | None = None
    impact: str | None = None
    resolve: str | None = None
    msg: str | None = None
    line_number: int | None = None
    documentation: str | None = None
    is_ignored: bool = False


class Filtered(Record):
    """What the policy left out, and what a patch mended."""

    ignore: list[msgspec.Raw] | None = None
    patch: list[msgspec.Raw] | None = None


class Docker(Record, rename="camel"):
    """Says that an image was scanned."""

    base_image: str | None = None


class Project(Record, rename="camel"):
    """One manifest or image."""

    vulnerabilities: list[msgspec.Raw] | None = None
    infrastructure_as_code_issues: list[msgspec.Raw] | None = None
    filtered: Filtered | None = None
    package_manager: str | None = None
    display_target_file: str | None = None
    target_file: str | None = None
    project_name: str | None = None
    path: str | None = None
    docker: Docker | None = None
    applications: list[msgspec.Raw] | None = None
    error: str | None = None


def _is_snyk(probe: Probe) -> bool:
    known = probe.shape in {Shape.OBJECT, Shape.ARRAY} and {"vulnerabilities", "dependencyCount"} <= probe.fields.keys()
    return known and ("ok" in probe.fields or "depGraphData" in probe.fields)


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
        left_out = project.filtered or Filtered()
        for raw, item in each(project.vulnerabilities, Vulnerability):
            yield raw, _finding(item, project, place)
        for raw, item in each(left_out.ignore, Vulnerability):
            yield raw, msgspec.structs.replace(_finding(item, project, place), suppressed=_why_ignored(item))
        for raw, item in each(left_out.patch, Vulnerability):
            yield raw, f"a patch of Snyk's mends it here ({item.id})"
        for raw, wrong in each(project.infrastructure_as_code_issues, Misconfiguration):
            yield raw, _misconfiguration(wrong, place)
        for _, inner in each(project.applications, Project):
            yield from _rows([inner], document)


def _why_ignored(item: Vulnerability) -> str:
    reasons = (ignore.reason for ignore in (item.filtered.ignored if item.filtered else None) or ())
    return f"snyk: {next(filter(None, reasons), 'ignored by its policy')}"


def _misconfiguration(item: Misconfiguration, place: Place) -> Finding:
    title = item.title or item.issue or item.id
    return Finding(
        tool="snyk",
        rule=item.id,
        title=title,
        message=": ".join(filter(None, (title, item.msg))),
        severity=severity.from_word(item.severity),
        tool_severity=item.severity,
        locations=located(place, lines(item.line_number)),
        help_text="\n\n".join(filter(None, (item.issue, item.impact, item.resolve))),
        help_uri=item.documentation,
        suppressed="snyk: ignored by its policy" if item.is_ignored else None,
    )


def _finding(item: Vulnerability, project: Project, place: Place) -> Finding:
    ids = item.identifiers or Identifiers()
    name = item.package_name or item.module_name or item.name or "unknown"
    version = item.version or (item.name or "").partition("|")[2].partition("@")[2]  # of unmanaged C: `site|name@1.2`
    rated = severity.rate(vectors=(item.cvss_v3,) if item.cvss_v3 else (), score=item.cvss_score, word=item.severity)
    epss = severity.number(item.epss_details.probability) if item.epss_details else None
    return Finding(
        tool="snyk",
        rule=item.id,
        title=item.title or item.id,
        message=f"{item.title or item.id} in {name} {version}".rstrip(),
        severity=severity.from_word(item.severity) if item.severity else rated.severity,
        tool_severity=item.severity,
        cvss_vector=rated.vector,
        cvss_score=rated.score,
        locations=located(place),
        package=package(
            kind=project.package_manager,
            name=name,
            version=version,
            fixed=item.fixed_in or (),
            manifest=place.path,
        ),
        aliases=unique((*(ids.cve or ()), *(ids.ghsa or ())), without=item.id),
        cwes=cwes(ids.cwe),
        help_text=item.description or "",
        help_uri=f"https://security.snyk.io/vuln/{item.id}",
        epss=epss,
        reachable=_REACHABLE.get((item.reachability or "").lower()),
    )
