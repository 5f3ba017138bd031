"""Trivy's JSON: schema 2, the bare list of older versions, and cluster reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from daemon.domain.finding import Finding, Location
from workers.parsers import severity
from workers.parsers.content import Probe, Shape
from workers.parsers.identifiers import cwes, unique, vulnerabilities
from workers.parsers.packages import package
from workers.parsers.paths import Place
from workers.parsers.records import Record, each, lines, located
from workers.parsers.registry import Document, Outcome, Parsed, parser
from workers.parsers.text import first_line


class Identifier(Record):
    """How else the package is named."""

    purl: str | None = msgspec.field(name="PURL", default=None)


class Vulnerability(Record, rename="pascal"):
    """A vulnerable package."""

    vulnerability_id: str = msgspec.field(name="VulnerabilityID", default="")
    pkg_name: str = "unknown"
    vendor_ids: list[str] | None = msgspec.field(name="VendorIDs", default=None)
    pkg_path: str | None = None
    pkg_identifier: Identifier | None = None
    installed_version: str = ""
    fixed_version: str | None = None
    status: str | None = None
    severity_source: str | None = None
    primary_url: str | None = msgspec.field(name="PrimaryURL", default=None)
    title: str | None = None
    description: str | None = None
    severity: str | None = None
    cwe_ids: list[str] | None = msgspec.field(name="CweIDs", default=None)
    cvss: dict[str, dict[str, Any]] | None = msgspec.field(name="CVSS", default=None)
    references: list[str] | None = None


class Cause(Record, rename="pascal"):
    """Where a misconfiguration stands."""

    resource: str | None = None
    start_line: int | None = None
    end_line: int | None = None


class Misconfiguration(Record, rename="pascal"):
    """A failed, passed or excepted check."""

    id: str = msgspec.field(name="ID", default="unknown")
    title: str | None = None
    description: str | None = None
    message: str | None = None
    resolution: str | None = None
    severity: str | None = None
    primary_url: str | None = msgspec.field(name="PrimaryURL", default=None)
    status: str | None = None
    cause_metadata: Cause | None = None


class Secret(Record, rename="pascal"):
    """A credential; Trivy itself masks the match."""

    rule_id: str = msgspec.field(name="RuleID")
    title: str | None = None
    severity: str | None = None
    start_line: int | None = None
    end_line: int | None = None
    match: str | None = None


class License(Record, rename="pascal"):
    """A licence that the policy rates."""

    name: str
    severity: str | None = None
    category: str | None = None
    pkg_name: str | None = None
    file_path: str | None = None
    link: str | None = None


class Result(Record, rename="pascal"):
    """One target: an image's layer, a lockfile, a configuration file."""

    target: str = ""
    class_: str | None = msgspec.field(name="Class", default=None)
    type: str | None = None
    vulnerabilities: list[msgspec.Raw] | None = None
    misconfigurations: list[msgspec.Raw] | None = None
    secrets: list[msgspec.Raw] | None = None
    licenses: list[msgspec.Raw] | None = None


class Resource(Record, rename="pascal"):
    """A workload of a cluster report."""

    namespace: str | None = None
    kind: str | None = None
    name: str | None = None
    results: list[Result] | None = None


class Log(Record, rename="pascal"):
    """A report, of one artifact or of a cluster."""

    artifact_name: str | None = None
    artifact_type: str | None = None
    trivy: dict[str, Any] | None = None
    results: list[Result] | None = None
    vulnerabilities: list[Resource] | None = None
    misconfigurations: list[Resource] | None = None
    resources: list[Resource] | None = None


class Artifact(Record):
    """What was scanned: an image or a workload by its name; a repository has none."""

    image: str | None
    document: Document


_IMAGES = {"container_image", "vm", "aws_account"}


def _is_trivy(probe: Probe) -> bool:
    if probe.object_with("ClusterName") or probe.object_with("SchemaVersion", "ArtifactName"):
        return True
    if probe.object_with("Results") and "matches" not in probe.fields:
        return b'"Target"' in probe.start("Results")
    return probe.shape is Shape.ARRAY and "Target" in probe.fields


@parser("trivy-json", tools=("trivy",), recognises=_is_trivy, clean=(b"null", b"[]"))
def parse(document: Document) -> Parsed:
    """A Trivy report → its vulnerabilities, failed checks, secrets and licences, target after target."""
    if document.probe.shape is Shape.ARRAY:
        log = Log(results=msgspec.json.decode(document.probe.data, type=list[Result], strict=False))
    else:
        log = msgspec.json.decode(document.probe.data, type=Log, strict=False)
    version = (log.trivy or {}).get("Version")
    return Parsed(tool="trivy", tool_version=version if isinstance(version, str) else None, rows=_rows(log, document))


def _rows(log: Log, document: Document) -> Iterator[Outcome]:
    image = log.artifact_name if log.artifact_type in _IMAGES else None
    for result in log.results or ():
        yield from _result(result, Artifact(image, document))
    for resource in (*(log.vulnerabilities or ()), *(log.misconfigurations or ()), *(log.resources or ())):
        name = "/".join(filter(None, (resource.namespace, resource.kind, resource.name)))
        for result in resource.results or ():
            yield from _result(result, Artifact(name or "cluster", document))


def _result(result: Result, artifact: Artifact) -> Iterator[Outcome]:
    for raw, vulnerability in each(result.vulnerabilities, Vulnerability):
        yield raw, _vulnerability(vulnerability, result, artifact)
    for raw, check in each(result.misconfigurations, Misconfiguration):
        yield raw, _misconfiguration(check, result, artifact)
    for raw, secret in each(result.secrets, Secret):
        yield raw, _secret(secret, result, artifact)
    for raw, license_ in each(result.licenses, License):
        yield raw, _license(license_, result, artifact)


def _vulnerability(item: Vulnerability, result: Result, artifact: Artifact) -> Finding | str:
    if not item.vulnerability_id:
        return "the record names no vulnerability"
    image_package = result.class_ == "os-pkgs" or " (" in result.target
    place = _place(item.pkg_path or ("" if image_package else result.target), artifact)
    rated = severity.rate(vectors=_vectors(item), word=item.severity)
    return Finding(
        tool="trivy",
        rule=item.vulnerability_id,
        title=item.title or item.vulnerability_id,
        message=f"{item.title or item.vulnerability_id} in {item.pkg_name} {item.installed_version}",
        severity=severity.from_word(item.severity) if item.severity else rated.severity,
        tool_severity=item.severity,
        cvss_vector=rated.vector,
        cvss_score=rated.score,
        locations=located(place or Place(other=result.target)),
        package=package(
            kind=result.type,
            name=item.pkg_name,
            version=item.installed_version,
            purl=item.pkg_identifier.purl if item.pkg_identifier else None,
            fixed=(item.fixed_version or "").split(","),
            manifest=place.path if place else None,
        ),
        aliases=unique((*(item.vendor_ids or ()), *vulnerabilities(_advisories(item.references)))),
        cwes=cwes(item.cwe_ids),
        help_text=item.description or "",
        help_uri=item.primary_url,
    )


def _advisories(references: list[str] | None) -> list[str]:
    """Links that name an advisory of this vulnerability itself, not of a distribution's bundle."""
    return [link for link in references or () if "/advisories/GHSA-" in link][:3]


def _vectors(item: Vulnerability) -> tuple[str, ...]:
    """CVSS vectors, those of the source that rated it first."""
    sources = item.cvss or {}
    order = unique((item.severity_source, "nvd", "ghsa", *sources))
    found = (
        sources[name].get(key) for name in order if name in sources for key in ("V40Vector", "V3Vector", "V2Vector")
    )
    return tuple(vector for vector in found if isinstance(vector, str))


def _misconfiguration(item: Misconfiguration, result: Result, artifact: Artifact) -> Finding | str:
    if item.status and item.status.upper() != "FAIL":
        return f"the check did not fail here (status: {item.status})"
    cause = item.cause_metadata or Cause()
    place = _place(result.target, artifact) or Place(other=result.target)
    return Finding(
        tool="trivy",
        rule=item.id,
        title=item.title or item.id,
        message=item.message or item.description or item.id,
        severity=severity.from_word(item.severity),
        tool_severity=item.severity,
        locations=located(place, lines(cause.start_line, cause.end_line)),
        help_text="\n\n".join(filter(None, (item.description, item.resolution))),
        help_uri=item.primary_url,
    )


def _secret(item: Secret, result: Result, artifact: Artifact) -> Finding:
    place = _place(result.target, artifact) or Place(other=result.target)
    return Finding(
        tool="trivy",
        rule=item.rule_id,
        title=item.title or item.rule_id,
        message=f"{item.title or item.rule_id} in the source",
        severity=severity.from_word(item.severity),
        tool_severity=item.severity,
        locations=located(place, lines(item.start_line, item.end_line), snippet=item.match),
        cwes=(798,),
    )


def _license(item: License, result: Result, artifact: Artifact) -> Finding:
    name = item.pkg_name or item.file_path or result.target
    return Finding(
        tool="trivy",
        rule=f"license-{item.name}"[:200],
        title=first_line(f"Licence {item.name} ({item.category or 'unknown'})"),
        message=f"{name} is under {item.name} ({item.category or 'unknown'})",
        severity=severity.from_word(item.severity),
        tool_severity=item.severity,
        locations=(Location(logical=": ".join(filter(None, (artifact.image or result.target, name)))),),
        help_uri=item.link,
    )


def _place(name: str, artifact: Artifact) -> Place | None:
    """A file of the repository, or a place in an image; none where a repository scan names no file."""
    if artifact.image:
        return Place(other=f"{artifact.image}: {name}" if name and artifact.image not in name else artifact.image)
    return artifact.document.paths.place(name) if name else None
