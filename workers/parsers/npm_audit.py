"""npm's audit reports: version 2 (npm 7 and later), version 1 (npm 6, pnpm), and yarn's lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from daemon.domain.finding import Finding
from daemon.errors import ReportBroken
from workers.parsers import severity
from workers.parsers.content import Probe, Shape
from workers.parsers.identifiers import canonical, cwes, unique, vulnerabilities
from workers.parsers.packages import package
from workers.parsers.records import Record, decoder
from workers.parsers.registry import Document, Outcome, Parsed, parser

_PATCHED = re.compile(r">=\s*v?(\d[\w.+-]*)")
"""The first version of each range of patched ones: `>=4.17.24 <5 || >=5.0.1`."""


class Cvss(Record, rename="camel"):
    """A rating; 0 and no vector where there is none."""

    vector_string: str | None = None


class Via(Record):
    """An advisory."""

    source: int | str | None = None
    name: str | None = None
    title: str | None = None
    url: str | None = None
    severity: str | None = None
    cwe: list[str] | str | None = None
    cvss: Cvss | None = None
    range: str | None = None


class FixAvailable(Record):
    """What `npm audit fix` would install."""

    name: str | None = None
    version: str | None = None


class Entry(Record, rename="camel"):
    """An affected package."""

    name: str = ""
    via: list[msgspec.Raw] | None = None
    range: str | None = None
    nodes: list[str] | None = None
    fix_available: FixAvailable | bool | None = None


class Log(Record):
    """A report of npm 7 and later."""

    vulnerabilities: dict[str, msgspec.Raw] | None = None


@parser("npm-audit-2", tools=("npm-audit",), recognises=lambda probe: probe.object_with("auditReportVersion"))
def parse(document: Document) -> Parsed:
    """Npm 7 and later → one row for each advisory of each package, and one for each package hit through another."""
    log = msgspec.json.decode(document.probe.data, type=Log, strict=False)
    return Parsed(tool="npm-audit", rows=_rows(log.vulnerabilities or {}))


def _rows(entries: dict[str, msgspec.Raw]) -> Iterator[Outcome]:
    decode, decode_via = decoder(Entry).decode, decoder(Via | str).decode
    for name, raw in entries.items():
        entry: Entry = decode(raw)
        vias = [(via, decode_via(via)) for via in entry.via or ()]
        advisories = [(via, item) for via, item in vias if isinstance(item, Via)]
        for via, item in advisories:
            yield via, _finding(item, entry, name)
        if not advisories:
            through = ", ".join(item for _, item in vias if isinstance(item, str))
            yield raw, f"{name} is affected through {through or 'others'} alone, whose own rows say it"


def _finding(item: Via, entry: Entry, name: str) -> Finding:
    ids = vulnerabilities(item.url)
    fix = entry.fix_available
    fixed = fix.version if isinstance(fix, FixAvailable) and fix.name == name else None
    rule = ids[0] if ids else f"npm-{item.source or item.title or name}"
    return _advisory(
        rule=rule,
        name=name,
        version="",
        title=item.title,
        word=item.severity,
        vector=item.cvss.vector_string if item.cvss else None,
        weaknesses=item.cwe,
        fixed=(fixed,),
        aliases=ids,
        text=f"Affected versions: {item.range or entry.range or 'unknown'}",
        url=item.url,
    )


class Place(Record):
    """An installed version."""

    version: str | None = None


class Advisory(Record):
    """An advisory as npm 6, pnpm and yarn write it."""

    id: int | str | None = None
    module_name: str = ""
    title: str | None = None
    url: str | None = None
    severity: str | None = None
    cves: list[str] | None = None
    cwe: list[str] | str | None = None
    github_advisory_id: str | None = None
    cvss: Cvss | None = None
    overview: str | None = None
    recommendation: str | None = None
    patched_versions: str | None = None
    findings: list[Place] | None = None


class OldLog(Record):
    """A report of npm 6 or pnpm."""

    advisories: dict[str, msgspec.Raw] | None = None


@parser("npm-audit-1", tools=("npm-audit",), recognises=lambda probe: probe.object_with("advisories", "metadata"))
def parse_old(document: Document) -> Parsed:
    """Npm 6 and pnpm → one row for each advisory and each version of its package that is installed."""
    log = msgspec.json.decode(document.probe.data, type=OldLog, strict=False)
    return Parsed(tool="npm-audit", rows=_old_rows((log.advisories or {}).values()))


def _old_rows(raws: Iterable[msgspec.Raw]) -> Iterator[Outcome]:
    decode = decoder(Advisory).decode
    for raw in raws:
        advisory: Advisory = decode(raw)
        for version in unique(place.version for place in advisory.findings or ()) or ("",):
            yield raw, _old_finding(advisory, version)


class YarnData(Record):
    """What a line of yarn's holds."""

    advisory: Advisory | None = None


class YarnLine(Record):
    """A line of yarn 1's report."""

    type: str
    data: YarnData | str | None = None


def _is_yarn(probe: Probe) -> bool:
    if probe.shape not in {Shape.LINES, Shape.OBJECT} or "data" not in probe.fields:
        return False
    kind = probe.value("type")
    said = kind in {"info", "warning", "error"} and b"audit" in probe.data[:20_000]
    return said or kind in {"auditAdvisory", "auditSummary"}


@parser("yarn-audit", tools=("yarn-audit",), recognises=_is_yarn)
def parse_yarn(document: Document) -> Parsed:
    """Yarn 1 → one row for each path to an advisory; the summary is none."""
    raws = document.probe.items or [msgspec.Raw(document.probe.data)]
    return Parsed(tool="yarn-audit", rows=_yarn_rows(raws))


def _yarn_rows(raws: Iterable[msgspec.Raw]) -> Iterator[Outcome]:
    decode = decoder(YarnLine).decode
    for raw in raws:
        line: YarnLine = decode(raw)
        if isinstance(line.data, YarnData) and line.data.advisory:
            installed = unique(place.version for place in line.data.advisory.findings or ()) or ("",)
            finding = _old_finding(line.data.advisory, installed[0])  # a line is about one path, so about one version
            yield raw, msgspec.structs.replace(finding, tool="yarn-audit")
        elif line.type in {"error", "fatal"}:
            message = f"the audit failed: {str(line.data)[:200]}"
            raise ReportBroken(message)
        else:
            yield raw, f"the line is no advisory (type: {line.type[:40]})"


def _old_finding(item: Advisory, version: str) -> Finding:
    ids = unique((item.github_advisory_id, *vulnerabilities(item.url), *map(canonical, item.cves or ())))
    return _advisory(
        rule=ids[0] if ids else f"npm-{item.id}",
        name=item.module_name,
        version=version,
        title=item.title,
        word=item.severity,
        vector=item.cvss.vector_string if item.cvss else None,
        weaknesses=item.cwe,
        fixed=_PATCHED.findall(item.patched_versions or ""),
        aliases=ids,
        text="\n\n".join(filter(None, (item.overview, item.recommendation))),
        url=item.url,
    )


def _advisory(
    *,
    rule: str,
    name: str,
    version: str,
    title: str | None,
    word: str | None,
    vector: str | None,
    weaknesses: Any,
    fixed: Iterable[str | None],
    aliases: tuple[str, ...],
    text: str,
    url: str | None,
) -> Finding:
    rated = severity.rate(vectors=(vector,) if vector else (), word=word)
    return Finding(
        tool="npm-audit",
        rule=rule,
        title=title or rule,
        message=f"{title or rule} in {name} {version}".rstrip(),
        severity=severity.from_word(word) if word else rated.severity,
        tool_severity=word,
        cvss_vector=rated.vector,
        cvss_score=rated.score,
        package=package(kind="npm", name=name or "unknown", version=version, fixed=fixed),
        aliases=aliases,
        cwes=cwes(weaknesses),
        help_text=text,
        help_uri=url,
    )


def _is_error(probe: Probe) -> bool:
    error = probe.value("error")
    return (
        probe.shape is Shape.OBJECT
        and probe.fields.keys() <= {"error", "message", "method", "uri", "headers", "statusCode", "body"}
        and (isinstance(error, dict) and "code" in error)
    )


@parser("npm-audit-error", tools=(), recognises=_is_error)
def parse_error(document: Document) -> Parsed:
    """What npm writes instead of a report when the audit itself failed: never a clean scan."""
    error = document.probe.value("error")
    reason = error.get("summary") or error.get("code") if isinstance(error, dict) else error
    message = f"the audit failed: {str(reason)[:200]}"
    raise ReportBroken(message)
