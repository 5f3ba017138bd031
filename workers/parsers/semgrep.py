"""Semgrep's JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from daemon.domain.finding import Finding, Package, Region, Replacement, ScannerFix
from workers.parsers import severity
from workers.parsers.content import Probe
from workers.parsers.identifiers import cwes, owasp, vulnerabilities
from workers.parsers.packages import package
from workers.parsers.paths import PathResolver
from workers.parsers.records import Record, each, located
from workers.parsers.registry import Document, Parsed, parser
from workers.parsers.text import first_line


class Position(Record):
    """A place in a file, from 1."""

    line: int
    col: int | None = None


class Dependency(Record):
    """A package that a rule matched."""

    package: str | None = None
    version: str | None = None
    ecosystem: str | None = None
    lockfile_path: str | None = None


class DependencyMatch(Record):
    """The lockfile's side of a supply-chain rule."""

    found_dependency: Dependency | None = None
    lockfile: str | None = None


class SupplyChain(Record):
    """What a supply-chain rule found."""

    reachable: bool | None = None
    dependency_match: DependencyMatch | None = None


class Extra(Record):
    """What the rule says."""

    message: str | None = None
    severity: str | None = None
    metadata: dict[str, Any] | None = None
    lines: str | None = None
    fix: str | None = None
    fingerprint: str | None = None
    is_ignored: bool | None = None
    sca_info: SupplyChain | None = None
    validation_state: str | None = None


class Result(Record):
    """One match."""

    check_id: str
    path: str
    start: Position | None = None
    end: Position | None = None
    extra: Extra | None = None


class Problem(Record):
    """What went wrong for one file or rule."""

    message: str | None = None
    long_msg: str | None = None
    path: str | None = None
    level: str | None = None


class Paths(Record):
    """What was read."""

    scanned: list[str] | None = None


class Log(Record):
    """A report."""

    results: list[msgspec.Raw]
    version: str | None = None
    errors: list[Problem] | None = None
    paths: Paths | None = None


def _is_semgrep(probe: Probe) -> bool:
    if not probe.object_with("results", "errors") or "metrics" in probe.fields or "generated_at" in probe.fields:
        return False
    if "paths" in probe.fields or "version" in probe.fields or probe.fields.keys() == {"results", "errors"}:
        return True
    return b'"check_id"' in probe.start("results")


@parser("semgrep-json", tools=("semgrep",), recognises=_is_semgrep)
def parse(document: Document) -> Parsed:
    """A Semgrep report → its matches; files it could not read become notes."""
    log = msgspec.json.decode(document.probe.data, type=Log, strict=False)
    scanned = (document.paths.path(name) for name in (log.paths.scanned if log.paths else None) or ())
    return Parsed(
        tool="semgrep",
        tool_version=log.version,
        rows=((raw, _finding(result, document.paths)) for raw, result in each(log.results, Result)),
        scanned=tuple(path for path in scanned if path),
        lists_all=bool(log.paths and log.paths.scanned),
        unread=tuple(path for error in log.errors or () if (path := document.paths.path(error.path))),
        notes=tuple(
            f"{error.level or 'error'}: {error.path or ''} {error.message or error.long_msg or ''}"
            for error in log.errors or ()
        ),
    )


def _finding(result: Result, paths: PathResolver) -> Finding:
    extra = result.extra or Extra()
    metadata = extra.metadata or {}
    region = _region(result)
    place = paths.place(result.path)
    message = extra.message or result.check_id
    code = extra.lines if extra.lines != "requires login" else None
    confidence = metadata.get("confidence")
    found = extra.sca_info
    return Finding(
        tool="semgrep",
        rule=result.check_id,
        title=first_line(message),
        message=message,
        severity=severity.from_word(extra.severity),
        tool_severity=extra.severity,
        locations=located(place, region, snippet=code),
        package=_package(found, metadata, paths) if found else None,
        aliases=vulnerabilities(metadata.get("sca-vuln-database-identifier"), metadata.get("cve")) if found else (),
        cwes=cwes(metadata.get("cwe")),
        owasp=owasp(metadata.get("owasp")),
        help_text=message,
        help_uri=_link(metadata),
        fixes=_fixes(extra, place.path, region),
        partial_fingerprints=_fingerprints(extra),
        confidence=confidence if isinstance(confidence, str) else None,
        reachable=found.reachable if found else None,
        suppressed="inSource: nosemgrep" if extra.is_ignored else None,
    )


def _region(result: Result) -> Region | None:
    start, end = result.start, result.end
    if start is None or start.line < 1:
        return None
    return Region(
        start_line=start.line,
        start_column=start.col,
        end_line=end.line if end else None,
        end_column=end.col if end else None,
    )


def _fingerprints(extra: Extra) -> dict[str, str]:
    known = extra.fingerprint
    return {"matchBasedId/v1": known} if known and known != "requires login" else {}


def _link(metadata: dict[str, Any]) -> str | None:
    links = (metadata.get("source"), metadata.get("shortlink"), *_listed(metadata.get("references")))
    return next((link for link in links if isinstance(link, str) and link.startswith("http")), None)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _fixes(extra: Extra, path: str | None, region: Region | None) -> tuple[ScannerFix, ...]:
    if extra.fix is None or not path or region is None or region.end_line is None:
        return ()
    replacement = Replacement(path=path, region=region, text=extra.fix)
    return (ScannerFix(description="the rule's own fix", replacements=(replacement,)),)


def _package(found: SupplyChain, metadata: dict[str, Any], paths: PathResolver) -> Package | None:
    match = found.dependency_match or DependencyMatch()
    dependency = match.found_dependency or Dependency()
    fixed = [
        version
        for entry in _listed(metadata.get("sca-fix-versions"))
        if isinstance(entry, dict)
        for name, version in entry.items()
        if name == dependency.package and isinstance(version, str)
    ]
    return package(
        kind=dependency.ecosystem,
        name=dependency.package,
        version=dependency.version,
        fixed=fixed,
        manifest=paths.path(dependency.lockfile_path or match.lockfile),
    )
