"""What `secaid fix` prints for programs: the contract's JSON document, and SARIF with fixes that viewers apply."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from daemon.domain.edits import by_path
from daemon.domain.finding import Finding
from daemon.domain.fix import Edit, Fix, Level
from daemon.domain.severity import Severity
from daemon.masking import mask
from workers.repair.item import Item
from workers.repair.look import Look
from workers.source.tree import LeftOut, SourceTree

_SARIF_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.UNKNOWN: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}


class Applied(msgspec.Struct, frozen=True):
    """What `--apply` came to."""

    files: tuple[str, ...]
    """Those that were written."""
    findings_left: int
    """Findings of the folder as it lies there now."""


def document(
    items: Sequence[Item], seen: Look, level: Level = Level.NONE, applied: Applied | None = None
) -> dict[str, Any]:
    """The contract's document, and what was not looked at; fixes below `level` are left out."""
    written = (
        {"files": [readable(path) for path in applied.files], "findings_left": applied.findings_left}
        if applied
        else None
    )
    return {
        "findings": [_finding(item, level) for item in items],
        "summary": {**summary(items), "files": seen.files, "not_asked_for": sum(seen.others.values())},
        "applied": written,
        "not_scanned": [{"path": readable(one.path), "reason": mask(one.reason)} for one in seen.unread],
        "scanners_failed": [mask(one) for one in seen.failed],
        "scanners_missing": dict(seen.absent),
    }


def summary(items: Sequence[Item]) -> dict[str, Any]:
    """Counts over all findings, and per rule."""
    rules: dict[str, dict[str, int]] = {}
    for item in items:
        counts = rules.setdefault(
            f"{item.finding.tool}:{item.finding.rule}",
            {"findings": 0, "with_verified_fix": 0, "with_multiple_approaches": 0},
        )
        counts["findings"] += 1
        counts["with_verified_fix"] += bool(item.verified)
        counts["with_multiple_approaches"] += len(item.verified) > 1
    return {
        "findings": len(items),
        "with_verified_fix": sum(bool(item.verified) for item in items),
        "with_multiple_approaches": sum(len(item.verified) > 1 for item in items),
        "harmless": sum(item.harmless for item in items),
        "by_rule": dict(sorted(rules.items())),
    }


def readable(path: str) -> str:
    """The path as text: bytes that are no UTF-8 stand as their numbers."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def sarif(items: Sequence[Item], seen: Look, tree: SourceTree, version: str) -> dict[str, Any]:
    """A SARIF 2.1.0 log with every verified fix as a `fix` that viewers can apply, and notes of what was not read."""
    rules = sorted({(item.finding.tool, item.finding.rule, item.finding.title) for item in items})
    known = {f"{tool}/{rule}": title for tool, rule, title in rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "secaid",
                        "version": version,
                        "rules": [
                            {"id": name, **({"shortDescription": {"text": title}} if title else {})}
                            for name, title in known.items()
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not seen.failed,
                        "toolExecutionNotifications": [
                            *({"level": "error", "message": {"text": mask(one)}} for one in seen.failed),
                            *(_notification(one) for one in seen.unread),
                        ],
                    }
                ],
                "results": [_result(item, tree) for item in items],
            }
        ],
    }


def _notification(one: LeftOut) -> dict[str, Any]:
    return {
        "level": "warning",
        "message": {"text": mask(f"{readable(one.path)} {one.reason}")},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(one.path)}}}],
    }


def _finding(item: Item, level: Level) -> dict[str, Any]:
    finding = item.finding
    return {
        "id": item.id,
        "tool": finding.tool,
        "rule": finding.rule,
        "severity": str(finding.severity),
        "path": finding.path,
        "line": finding.line,
        "message": mask(finding.message),
        "fixes": [_fix(item, number, fix) for number, fix in enumerate(item.fixes) if fix.verdict.level >= level],
        "reason": mask(item.reason) if item.reason else None,
        "harmless": item.harmless,
    }


def _fix(item: Item, number: int, fix: Fix) -> dict[str, Any]:
    return {
        "id": f"{item.id}-{number + 1}",
        "approach": fix.candidate.approach,
        "source": str(fix.candidate.source),
        "level": str(fix.verdict.level),
        "verified": fix.verdict.verified,
        "grade": str(fix.verdict.grade),
        "score": fix.verdict.score,
        "patch": fix.patch,
        "explanation": fix.candidate.explanation,
        "warnings": list(fix.candidate.warnings),
        "reason": fix.verdict.reason,
        "recommendations": list(fix.verdict.recommendations),
        "evidence": fix.verdict.evidence,
    }


def _result(item: Item, tree: SourceTree) -> dict[str, Any]:
    finding = item.finding
    result: dict[str, Any] = {
        "ruleId": f"{finding.tool}/{finding.rule}",
        "level": _SARIF_LEVEL[finding.severity],
        "message": {"text": mask(finding.message)},
        "locations": _locations(finding),
        "partialFingerprints": {"secaid/v1": item.id},
    }
    if item.verified:
        result["fixes"] = [
            {
                "description": {"text": f"{fix.candidate.approach}: {fix.candidate.explanation}"},
                "artifactChanges": _changes(fix.candidate.edits, tree),
            }
            for fix in item.verified
            if not any(mask(edit.text) != edit.text for edit in fix.candidate.edits)
        ]
    return result


def _locations(finding: Finding) -> list[dict[str, Any]]:
    if finding.path is None:
        return []
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.path)}}
    if region := finding.location.region:
        pairs = {
            "startLine": region.start_line,
            "startColumn": region.start_column,
            "endLine": region.end_line,
            "endColumn": region.end_column,
        }
        place["region"] = {key: value for key, value in pairs.items() if value is not None}
    return [{"physicalLocation": place}]


def _changes(edits: Iterable[Edit], tree: SourceTree) -> list[dict[str, Any]]:
    return [
        {
            "artifactLocation": {"uri": _uri(path)},
            "replacements": [_replacement(tree.read(path), edit) for edit in group],
        }
        for path, group in by_path(edits).items()
    ]


def _uri(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"))


def _replacement(content: bytes, edit: Edit) -> dict[str, Any]:
    start, end = _position(content, edit.start), _position(content, edit.end)
    region = {"startLine": start[0], "startColumn": start[1], "endLine": end[0], "endColumn": end[1]}
    return {"deletedRegion": region, "insertedContent": {"text": edit.text}}


def _position(content: bytes, offset: int) -> tuple[int, int]:
    line_start = content.rfind(b"\n", 0, offset) + 1
    return content.count(b"\n", 0, offset) + 1, len(content[line_start:offset].decode("utf-8", "replace")) + 1
