"""OSV: the reports of OSV-Scanner, and vulnerability documents of the OSV schema by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from daemon.domain.finding import Finding, Location, Package
from workers.parsers import severity
from workers.parsers.content import Probe, Shape
from workers.parsers.identifiers import cwes, unique
from workers.parsers.packages import ecosystem, package
from workers.parsers.records import Record, decoder, each, located
from workers.parsers.registry import Document, Outcome, Parsed, parser
from workers.parsers.text import first_line


class PackageName(Record):
    """A package, with its version where one was scanned."""

    name: str = ""
    version: str = ""
    ecosystem: str = ""
    purl: str | None = None
    commit: str | None = None


class Event(Record):
    """One end of a range."""

    fixed: str | None = None


class Range(Record):
    """Versions that are affected."""

    events: list[Event] | None = None
    type: str | None = None


class SeverityEntry(Record):
    """A CVSS vector, or a distribution's word."""

    type: str = ""
    score: str = ""


class Affected(Record):
    """What is affected in one package."""

    package: PackageName | None = None
    ranges: list[Range] | None = None
    severity: list[SeverityEntry] | None = None
    database_specific: dict[str, Any] | None = None


class Vulnerability(Record):
    """A document of the OSV schema."""

    id: str
    aliases: list[str] | None = None
    upstream: list[str] | None = None
    summary: str | None = None
    details: str | None = None
    severity: list[SeverityEntry] | None = None
    affected: list[Affected] | None = None
    database_specific: dict[str, Any] | None = None
    withdrawn: str | None = None


class Group(Record):
    """Ids that name the same vulnerability, with what the scanner worked out for them."""

    ids: list[str] | None = None
    aliases: list[str] | None = None
    max_severity: str | None = None
    analysis: dict[str, dict[str, Any]] | None = msgspec.field(name="experimentalAnalysis", default=None)


class PackageResult(Record):
    """One vulnerable package of a source."""

    package: PackageName
    vulnerabilities: list[msgspec.Raw] | None = None
    groups: list[Group] | None = None


class Source(Record):
    """A lockfile, an SBOM or an image."""

    path: str | None = None
    type: str | None = None


class SourceResult(Record):
    """All vulnerable packages of a source."""

    source: Source | None = None
    packages: list[PackageResult] | None = None


class Log(Record):
    """An OSV-Scanner report."""

    results: list[SourceResult] | None = None


def _is_scanner(probe: Probe) -> bool:
    if not probe.object_with("results") or "errors" in probe.fields or "check_type" in probe.fields:
        return False
    start = probe.start("results")
    return (
        b'"source"' in start and b'"packages"' in probe.start("results", 200_000)
    ) or "experimental_config" in probe.fields


@parser("osv-scanner-json", tools=("osv-scanner",), recognises=_is_scanner)
def parse(document: Document) -> Parsed:
    """An OSV-Scanner report → one row for each vulnerability of each package of each lockfile."""
    log = msgspec.json.decode(document.probe.data, type=Log, strict=False)
    sources = [(result.source or Source(), result) for result in log.results or ()]
    scanned = (document.paths.path(source.path) for source, _ in sources)
    return Parsed(
        tool="osv-scanner",
        rows=_rows(sources, document),
        scanned=tuple(dict.fromkeys(path for path in scanned if path)),
    )


def _rows(sources: Iterable[tuple[Source, SourceResult]], document: Document) -> Iterator[Outcome]:
    for source, result in sources:
        place = document.paths.place(source.path)
        for entry in result.packages or ():
            for raw, vulnerability in each(entry.vulnerabilities, Vulnerability):
                found = _package(entry.package, vulnerability, place.path)
                finding = _finding(vulnerability, found, located(place), "osv-scanner")
                group = next((item for item in entry.groups or () if vulnerability.id in (item.ids or ())), None)
                yield raw, _grouped(finding, group, vulnerability.id) if group else finding


def _grouped(finding: Finding, group: Group, identifier: str) -> Finding:
    """The finding with its group's aliases, its severity where the document has none, and the call analysis."""
    analysis = (group.analysis or {}).get(identifier) or {}
    called = analysis.get("called")
    aliases = unique((*finding.aliases, *(group.aliases or ()), *(group.ids or ())), without=identifier)
    changed = msgspec.structs.replace(finding, aliases=aliases, reachable=called if isinstance(called, bool) else None)
    rated = severity.rate(score=group.max_severity)
    if finding.cvss_score is not None or rated.score is None:
        return changed
    return msgspec.structs.replace(changed, severity=rated.severity, cvss_score=rated.score)


def _is_document(probe: Probe) -> bool:
    keys = {"id", "affected"}
    known = probe.shape in {Shape.OBJECT, Shape.ARRAY, Shape.LINES} and keys <= probe.fields.keys()
    return known and ("modified" in probe.fields or "schema_version" in probe.fields)


@parser("osv-document", tools=("osv",), recognises=_is_document)
def parse_document(document: Document) -> Parsed:
    """Vulnerability documents → one row for each package that each affects; no version is known to be in use."""
    raws = [msgspec.Raw(document.probe.data)] if document.probe.shape is Shape.OBJECT else document.probe.items
    return Parsed(tool="osv", rows=_document_rows(raws))


def _document_rows(raws: Iterable[msgspec.Raw]) -> Iterator[Outcome]:
    decode = decoder(Vulnerability).decode
    for raw in raws:
        vulnerability: Vulnerability = decode(raw)
        names = {
            (item.package.ecosystem, item.package.name): item.package
            for item in vulnerability.affected or ()
            if item.package
        }
        if vulnerability.withdrawn:
            yield raw, f"the advisory was withdrawn on {vulnerability.withdrawn[:40]}"
        elif not names:
            yield raw, "the advisory names no package"
        else:
            for name in names.values():
                yield raw, _finding(vulnerability, _package(name, vulnerability, None), (), "osv")


def _package(name: PackageName, vulnerability: Vulnerability, manifest: str | None) -> Package | None:
    fixed = (
        event.fixed
        for affected in vulnerability.affected or ()
        if _same_package(affected.package, name)
        for span in affected.ranges or ()
        if span.type != "GIT"
        for event in span.events or ()
    )
    return package(
        kind=name.ecosystem,
        name=name.name or name.commit,
        version=name.version or name.commit,
        purl=name.purl if name.purl and "@" in name.purl else None,
        fixed=fixed,
        manifest=manifest,
    )


def _same_package(affected: PackageName | None, wanted: PackageName) -> bool:
    """The same name in the same ecosystem: an advisory lists several packages with versions of their own."""
    if affected is None or affected.name != wanted.name:
        return False
    systems = {ecosystem(system).partition(":")[0] for system in (affected.ecosystem, wanted.ecosystem) if system}
    return len(systems) <= 1


def _finding(item: Vulnerability, found: Package | None, locations: tuple[Location, ...], tool: str) -> Finding:
    entries = [*(item.severity or ())]
    for affected in item.affected or ():
        entries += affected.severity or ()
    specific = item.database_specific or {}
    word = specific.get("severity")
    rated = severity.rate(
        vectors=tuple(entry.score for entry in entries if entry.type.startswith("CVSS")),
        word=word
        if isinstance(word, str)
        else next((entry.score for entry in entries if entry.type == "Ubuntu"), None),
    )
    per_package = [affected.database_specific or {} for affected in item.affected or ()]
    title = first_line(item.summary or item.details or item.id)
    where = f" in {found.name} {found.version}".rstrip() if found else ""
    return Finding(
        tool=tool,
        rule=item.id,
        title=title,
        message=f"{title}{where}",
        severity=rated.severity,
        tool_severity=word if isinstance(word, str) else None,
        cvss_vector=rated.vector,
        cvss_score=rated.score,
        locations=locations,
        package=found,
        aliases=unique((*(item.aliases or ()), *(item.upstream or ())), without=item.id),
        cwes=cwes(specific.get("cwe_ids"), [_cwe_ids(entry) for entry in per_package]),
        help_text=item.details or item.summary or "",
        help_uri=f"https://osv.dev/vulnerability/{item.id}",
    )


def _cwe_ids(specific: dict[str, Any]) -> list[object]:
    entries = specific.get("cwes")
    return [entry.get("cweId") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
