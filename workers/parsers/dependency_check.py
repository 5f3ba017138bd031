"""OWASP Dependency-Check's reports, XML and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, tostring

import defusedxml.ElementTree
import msgspec

from daemon.domain.finding import Finding
from workers.parsers import severity
from workers.parsers.content import Probe, Shape
from workers.parsers.identifiers import cwes, vulnerabilities
from workers.parsers.packages import package, parse_purl
from workers.parsers.paths import PathResolver
from workers.parsers.records import Record, at_file, each
from workers.parsers.registry import Document, Outcome, Parsed, parser
from workers.parsers.text import first_line


class Identifier(Record):
    """A package, by its purl where that is known."""

    id: str | None = None
    url: str | None = None


class Vulnerability(Record, rename="camel"):
    """One vulnerability of a dependency."""

    name: str
    severity: str | None = None
    description: str | None = None
    cwes: list[str] | None = None
    cvssv2: dict[str, Any] | None = None
    cvssv3: dict[str, Any] | None = None
    cvssv4: dict[str, Any] | None = None
    notes: str | None = None


class Dependency(Record, rename="camel"):
    """One file."""

    file_name: str | None = None
    file_path: str | None = None
    packages: list[Identifier] | None = None
    vulnerabilities: list[msgspec.Raw] | None = None
    suppressed_vulnerabilities: list[msgspec.Raw] | None = None


class ScanInfo(Record, rename="camel"):
    """The scanner."""

    engine_version: str | None = None


class Log(Record, rename="camel"):
    """A JSON report."""

    scan_info: ScanInfo | None = None
    dependencies: list[Dependency] | None = None


@parser(
    "dependency-check-json",
    tools=("dependency-check",),
    recognises=lambda probe: probe.object_with("reportSchema", "dependencies"),
)
def parse(document: Document) -> Parsed:
    """A JSON report → the vulnerabilities of its dependencies, suppressed ones marked so."""
    log = msgspec.json.decode(document.probe.data, type=Log, strict=False)
    version = log.scan_info.engine_version if log.scan_info else None
    return Parsed(tool="dependency-check", tool_version=version, rows=_rows(log, document.paths))


def _rows(log: Log, paths: PathResolver) -> Iterator[Outcome]:
    for dependency in log.dependencies or ():
        for raw, item in each(dependency.vulnerabilities, Vulnerability):
            yield raw, _finding(item, dependency, paths)
        for raw, item in each(dependency.suppressed_vulnerabilities, Vulnerability):
            finding = _finding(item, dependency, paths)
            yield raw, msgspec.structs.replace(finding, suppressed=f"dependency-check: {item.notes or 'suppressed'}")


def _is_xml(probe: Probe) -> bool:
    return probe.shape is Shape.XML and probe.root == "analysis" and b"ependency" in probe.data[:4000]


@parser("dependency-check-xml", tools=("dependency-check",), recognises=_is_xml)
def parse_xml(document: Document) -> Parsed:
    """An XML report → the same, of every schema version since 1.3."""
    root = defusedxml.ElementTree.fromstring(document.probe.data)
    version = root.findtext("{*}scanInfo/{*}engineVersion")
    return Parsed(tool="dependency-check", tool_version=version, rows=_xml_rows(root, document.paths))


def _xml_rows(root: Element, paths: PathResolver) -> Iterator[Outcome]:
    for element in root.iterfind("{*}dependencies/{*}dependency"):
        dependency = Dependency(
            file_name=element.findtext("{*}fileName"),
            file_path=element.findtext("{*}filePath"),
            packages=[
                Identifier(id=part.findtext("{*}id") or _old_purl(part))
                for part in element.iterfind("{*}identifiers/*")
                if "vulnerability" not in part.tag.lower()
            ],
        )
        for item in element.iterfind("{*}vulnerabilities/*"):
            suppressed = "suppressed" in item.tag.lower()
            finding = _finding(_xml_vulnerability(item), dependency, paths)
            mark = f"dependency-check: {item.findtext('{*}notes') or 'suppressed'}" if suppressed else None
            yield tostring(item), msgspec.structs.replace(finding, suppressed=mark)


def _old_purl(part: Element) -> str | None:
    """`org.owasp:library:6.7.8` of schema 1.x as a purl."""
    name = part.findtext("{*}name") or ""
    pieces = name.strip("()").split(":")
    if part.get("type") == "maven" and len(pieces) == 3:
        return f"pkg:maven/{pieces[0]}/{pieces[1]}@{pieces[2]}"
    return None


def _xml_vulnerability(item: Element) -> Vulnerability:
    weaknesses = [part.text for part in (*item.iterfind("{*}cwe"), *item.iterfind("{*}cwes/{*}cwe")) if part.text]
    score = (
        item.findtext("{*}cvssV3/{*}baseScore") or item.findtext("{*}cvssV2/{*}score") or item.findtext("{*}cvssScore")
    )
    return Vulnerability(
        name=item.findtext("{*}name") or "unknown",
        severity=item.findtext("{*}severity"),
        description=item.findtext("{*}description"),
        cwes=weaknesses,
        cvssv3={"baseScore": score} if score else None,
    )


def _finding(item: Vulnerability, dependency: Dependency, paths: PathResolver) -> Finding:
    ratings = (item.cvssv4, item.cvssv3, item.cvssv2)
    figures = (rating.get("baseScore") or rating.get("score") for rating in ratings if rating)
    rated = severity.rate(score=next(figures, None), word=item.severity)
    purl = next((part.id for part in dependency.packages or () if part.id and parse_purl(part.id)), None)
    name = dependency.file_name or dependency.file_path or "unknown"
    file = (dependency.file_path or "").partition("?")[0]
    locations = at_file(paths, file)
    path = locations[0].path if locations else None
    found = package(purl=purl, manifest=path) if purl else package(name=name, version="", manifest=path)
    return Finding(
        tool="dependency-check",
        rule=item.name,
        title=first_line(item.description) or item.name,
        message=f"{item.name} in {name}",
        severity=rated.severity,
        tool_severity=item.severity,
        cvss_score=rated.score,
        locations=locations,
        package=found,
        aliases=vulnerabilities(item.name),
        cwes=cwes(item.cwes),
        help_text=item.description or "",
    )
