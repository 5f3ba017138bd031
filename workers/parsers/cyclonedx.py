"""CycloneDX's JSON, and what it shares with its XML: one row for each component that each one affects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from daemon.domain.finding import Finding, Package
from workers.parsers import severity
from workers.parsers.content import Probe
from workers.parsers.identifiers import cwes, unique, vulnerabilities
from workers.parsers.packages import package, parse_purl
from workers.parsers.records import Record, decoder
from workers.parsers.registry import Document, Outcome, Parsed, parser
from workers.parsers.text import first_line

_NOT_AFFECTED = {"not_affected", "false_positive", "resolved", "resolved_with_pedigree"}
_MAX_DEPTH = 50


class Component(Record, rename="camel"):
    """A package; components nest."""

    name: str | None = None
    group: str | None = None
    version: str | None = None
    purl: str | None = None
    ref: str | None = msgspec.field(name="bom-ref", default=None)
    components: list[Component] | None = None


class Rating(Record):
    """One rating."""

    severity: str | None = None
    score: float | None = None
    method: str | None = None
    vector: str | None = None


class Reference(Record):
    """The same vulnerability elsewhere."""

    id: str | None = None


class Versions(Record):
    """A version or a range of a component, and whether it is affected."""

    version: str | None = None
    range: str | None = None
    status: str | None = None


class Affects(Record):
    """A component, by its reference."""

    ref: str | None = None
    versions: list[Versions] | None = None


class Analysis(Record):
    """What the supplier found out."""

    state: str | None = None
    justification: str | None = None
    detail: str | None = None


class Source(Record):
    """Who says it."""

    url: str | None = None


class Vulnerability(Record):
    """One vulnerability."""

    id: str | None = None
    source: Source | None = None
    references: list[Reference] | None = None
    ratings: list[Rating] | None = None
    cwes: list[int] | None = None
    description: str | None = None
    detail: str | None = None
    recommendation: str | None = None
    analysis: Analysis | None = None
    affects: list[Affects] | None = None


class Tools(Record):
    """Tools of version 1.5."""

    components: list[Component] | None = None


class Metadata(Record):
    """Who made the document, of what."""

    tools: list[Component] | Tools | None = None
    component: Component | None = None


class Bom(Record):
    """A document."""

    components: list[Component] | None = None
    metadata: Metadata | None = None
    vulnerabilities: list[msgspec.Raw] | None = None


def _is_json(probe: Probe) -> bool:
    return probe.object_with("bomFormat")


@parser("cyclonedx-json", tools=("cyclonedx",), recognises=_is_json)
def parse(document: Document) -> Parsed:
    """A JSON document → its vulnerabilities. One without them is an inventory, which a note says."""
    bom = msgspec.json.decode(document.probe.data, type=Bom, strict=False)
    metadata = bom.metadata or Metadata()
    known = _by_ref([*(bom.components or ()), *([metadata.component] if metadata.component else ())])
    notes = () if bom.vulnerabilities is not None else ("the document lists components and no vulnerabilities",)
    tools = metadata.tools.components if isinstance(metadata.tools, Tools) else metadata.tools
    tool, version = scanner(tools or ())
    return Parsed(tool=tool, tool_version=version, rows=_rows(bom.vulnerabilities or (), known, tool), notes=notes)


def scanner(tools: Iterable[Component]) -> tuple[str, str | None]:
    """The scanner that wrote a document, where it names one that is known to look for vulnerabilities; its version."""
    for tool in tools:
        name = (tool.name or "").lower()
        if name in {"grype", "trivy", "osv-scanner", "dependency-check", "snyk"}:
            return name, tool.version
    return "cyclonedx", None


def _by_ref(components: Iterable[Component], depth: int = 0) -> dict[str, Component]:
    known: dict[str, Component] = {}
    for component in components if depth < _MAX_DEPTH else ():
        known.setdefault(component.ref or component.purl or component.name or "", component)
        known.update(_by_ref(component.components or (), depth + 1))
    return known


def _rows(raws: Iterable[msgspec.Raw], known: dict[str, Component], tool: str) -> Iterator[Outcome]:
    decode = decoder(Vulnerability).decode
    for raw in raws:
        for outcome in outcomes(decode(raw), known, tool):
            yield raw, outcome


def outcomes(item: Vulnerability, known: dict[str, Component], tool: str) -> Iterator[Finding | str]:
    """One for each component that it affects; one without a component where it names none.

    Args:
        item: From JSON or XML.
        known: Components of the document by their references.
        tool: The scanner that wrote the document, or `cyclonedx`.
    """
    if not item.affects:
        yield _finding(item, None, tool)
    for affected in item.affects or ():
        yield _affected(item, affected, known, tool)


def _affected(item: Vulnerability, affected: Affects, known: dict[str, Component], tool: str) -> Finding | str:
    versions = affected.versions or []
    hit = [text for entry in versions if entry.status != "unaffected" and (text := entry.version or entry.range)]
    if versions and not hit:
        return "every version that is listed of it is unaffected"
    found = _package(affected.ref or "", known)
    if found and not found.version:  # a statement about versions, not about one that was scanned
        found = msgspec.structs.replace(found, version=", ".join(hit))
    return _finding(item, found, tool)


def _package(ref: str, known: dict[str, Component]) -> Package | None:
    """The component of a reference; a reference into another document ends in `#` and the reference there."""
    inner = ref.rpartition("#")[2]
    component = known.get(ref) or known.get(inner)
    if component is None:
        return package(purl=inner) if parse_purl(inner) else package(name=inner or ref)
    name = f"{component.group}:{component.name}" if component.group else component.name
    if component.purl and parse_purl(component.purl):
        return package(purl=component.purl, version=component.version)
    return package(name=name, version=component.version)


def _finding(item: Vulnerability, found: Package | None, tool: str) -> Finding:
    ratings = item.ratings or []
    rule = item.id or "unknown"
    rated = severity.rate(
        vectors=tuple(
            _vector(rating) for rating in ratings if rating.vector and "CVSS" in (rating.method or "").upper()
        ),
        score=next(
            (
                rating.score
                for rating in ratings
                if rating.score is not None and "CVSS" in (rating.method or "").upper()
            ),
            None,
        ),
        word=next((rating.severity for rating in ratings if rating.severity), None),
    )
    analysis = item.analysis or Analysis()
    state = analysis.state if analysis.state in _NOT_AFFECTED else None
    why = ": ".join(filter(None, (state, analysis.justification, analysis.detail)))
    title = first_line(item.description) or rule
    return Finding(
        tool=tool,
        rule=rule,
        title=title,
        message=f"{rule} in {found.name} {found.version}".rstrip() if found else title,
        severity=rated.severity,
        tool_severity=next((rating.severity for rating in ratings if rating.severity), None),
        cvss_vector=rated.vector,
        cvss_score=rated.score,
        package=found,
        aliases=unique((*(reference.id for reference in item.references or ()), *vulnerabilities(rule)), without=rule),
        cwes=cwes(item.cwes),
        help_text="\n\n".join(filter(None, (item.description, item.detail, item.recommendation))),
        help_uri=item.source.url if item.source else None,
        suppressed=f"analysis: {why}" if state else None,
    )


def _vector(rating: Rating) -> str:
    """The vector with the prefix that CycloneDX leaves to the method."""
    vector, method = rating.vector or "", (rating.method or "").upper()
    if vector.startswith("CVSS:") or "V2" in method:
        return vector
    prefix = {"CVSSV4": "CVSS:4.0/", "CVSSV31": "CVSS:3.1/"}.get(method, "CVSS:3.0/")
    return f"{prefix}{vector}"
