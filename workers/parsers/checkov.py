"""Checkov's JSON: one report, or a list of one for each framework."""

from __future__ import annotations

from typing import Any

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.severity import Severity
from workers.parsers import severity
from workers.parsers.content import Probe, Shape
from workers.parsers.packages import package
from workers.parsers.paths import PathResolver, Place
from workers.parsers.records import Record, each, lines, located
from workers.parsers.registry import Document, Outcome, Parsed, parser

WHOLE_WORKFLOW = "CKV2_GHA_"
"""Checks of a workflow as a whole: the line that Checkov gives them is that of whatever block it saw last."""


class CheckResult(Record):
    """Passed, failed or skipped."""

    result: str | None = None
    suppress_comment: str | None = None


class Vulnerability(Record):
    """What a package check knows."""

    id: str | None = None
    package_name: str | None = None
    package_version: str | None = None
    lowest_fixed_version: str | None = None
    fix_version: str | None = None
    cvss: float | None = None
    vector: str | None = None
    description: str | None = None
    link: str | None = None


class Check(Record):
    """One check of one resource."""

    check_id: str
    check_name: str | None = None
    check_result: CheckResult | None = None
    code_block: list[tuple[int, str]] | None = None
    file_path: str | None = None
    repo_file_path: str | None = None
    file_line_range: list[int] | None = None
    resource: str | None = None
    severity: str | None = None
    guideline: str | None = None
    description: str | None = None
    vulnerability_details: Vulnerability | None = None


class Results(Record):
    """The checks of one framework."""

    passed_checks: list[msgspec.Raw] | None = None
    failed_checks: list[msgspec.Raw] | None = None
    skipped_checks: list[msgspec.Raw] | None = None
    parsing_errors: list[str] | None = None


class Summary(Record):
    """Counts and version."""

    checkov_version: str | None = None


class Log(Record):
    """One framework's report; without frameworks, the bare counts."""

    check_type: str | None = None
    results: Results | None = None
    summary: Summary | None = None
    checkov_version: str | None = None


def _is_checkov(probe: Probe) -> bool:
    checks = probe.shape in {Shape.OBJECT, Shape.ARRAY} and "check_type" in probe.fields and "results" in probe.fields
    return checks or probe.object_with("checkov_version", "failed")


@parser("checkov-json", tools=("checkov",), recognises=_is_checkov)
def parse(document: Document) -> Parsed:
    """A Checkov report → failed and skipped checks; passed ones are ignored rows that prove what was read."""
    kind: Any = list[Log] if document.probe.shape is Shape.ARRAY else Log
    decoded = msgspec.json.decode(document.probe.data, type=kind, strict=False)
    logs: list[Log] = decoded if isinstance(decoded, list) else [decoded]
    rows: list[Outcome] = []
    scanned: dict[str, None] = {}
    for log in logs:
        results = log.results or Results()
        for group in (results.failed_checks, results.skipped_checks, results.passed_checks):
            for raw, check in each(group, Check):
                place = _place(check, document.paths)
                scanned.setdefault(place.path or "")
                rows.append((raw, _finding(check, place)))
    scanned.pop("", None)
    errors = [name for log in logs if log.results for name in log.results.parsing_errors or ()]
    versions = (log.checkov_version or (log.summary.checkov_version if log.summary else None) for log in logs)
    return Parsed(
        tool="checkov",
        tool_version=next(filter(None, versions), None),
        rows=rows,
        scanned=tuple(scanned),
        unread=tuple(path for name in errors if (path := document.paths.path(name.lstrip("/")))),
        notes=tuple(f"parsing error: {name}" for name in errors),
    )


def _place(check: Check, paths: PathResolver) -> Place:
    """Checkov writes paths from the scanned folder with a leading slash.

    Of a Terraform plan, the path from the repository's root is the plan's, and the other one the source's.
    """
    names = (check.repo_file_path, check.file_path)
    if len({(name or "").rpartition("/")[2] for name in names}) > 1:
        names = (check.file_path, check.repo_file_path)
    for name in names:
        place = paths.place(name.lstrip("/") if name else None)
        if place.path:
            return place
    return Place(other=check.file_path)


def _finding(check: Check, place: Place) -> Finding | str:
    result = check.check_result or CheckResult()
    word = (result.result or "failed").lower()
    if word not in {"failed", "skipped"}:
        return f"the check did not fail here (result: {result.result})"
    span = [1, 1] if check.check_id.startswith(WHOLE_WORKFLOW) else check.file_line_range or []
    region = lines(span[0] or 1, span[1]) if len(span) == 2 else None
    snippet = "".join(text for _, text in check.code_block or ())
    detail = check.vulnerability_details
    rated = severity.rate(vectors=(detail.vector,) if detail and detail.vector else (), word=check.severity)
    return Finding(
        tool="checkov",
        rule=(detail.id if detail and detail.id else check.check_id),
        title=check.check_name or check.check_id,
        message=check.check_name or check.description or check.check_id,
        # Without its platform Checkov knows no severities at all.
        severity=Severity.MEDIUM if rated.severity is Severity.UNKNOWN else rated.severity,
        tool_severity=check.severity,
        cvss_vector=rated.vector,
        cvss_score=rated.score,
        locations=tuple(
            msgspec.structs.replace(where, logical=where.logical or check.resource)
            for where in located(place, region, snippet=snippet)
        ),
        package=_package(detail, place) if detail else None,
        help_text=check.description or (detail.description if detail else None) or "",
        help_uri=check.guideline or (detail.link if detail else None),
        suppressed=f"inSource: {result.suppress_comment or 'no reason given'}" if word == "skipped" else None,
    )


def _package(detail: Vulnerability, place: Place) -> Any:
    return package(
        name=detail.package_name,
        version=detail.package_version,
        fixed=(detail.lowest_fixed_version or detail.fix_version,),
        manifest=place.path,
    )
