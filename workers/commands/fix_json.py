"""What `secaid fix` prints for programs: the contract's JSON document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from daemon.domain.fix import Fix, Level
from daemon.masking import mask
from workers.repair.item import Item
from workers.repair.look import Look


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
