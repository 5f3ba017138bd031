"""What `secaid fix` prints: one JSON document, SARIF with fixes, or grouped text with diffs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from daemon.domain.edits import by_path
from daemon.domain.finding import Finding
from daemon.domain.fix import Edit, Fix, Level
from daemon.domain.severity import Severity
from daemon.masking import mask
from workers.repair.item import Item
from workers.source.tree import SourceTree

if TYPE_CHECKING:
    from rich.console import Console

_SARIF_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.UNKNOWN: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_COLOUR = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim", "unknown": "dim"}


def document(items: Sequence[Item], level: Level = Level.NONE) -> dict[str, Any]:
    """The contract's document; fixes below `level` are left out."""
    return {"findings": [_finding(item, level) for item in items], "summary": summary(items)}


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
        "by_rule": dict(sorted(rules.items())),
    }


def sarif(items: Sequence[Item], tree: SourceTree, version: str) -> dict[str, Any]:
    """A SARIF 2.1.0 log with every verified fix as a `fix` that viewers can apply."""
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
                "results": [_result(item, tree) for item in items],
            }
        ],
    }


def show(items: Sequence[Item], console: Console, level: Level) -> None:
    """Findings by file, each with its best fix as a diff, and the other approaches by name."""
    by_file = itertools.groupby(sorted(items, key=_place), key=lambda item: item.finding.path or "(no file)")
    for path, group in by_file:
        console.print(f"\n{path}", style="bold", markup=False)
        for item in group:
            _show(item, console, level)
    _show_summary(items, console)


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
        "reason": item.reason,
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
        ]
    return result


def _locations(finding: Finding) -> list[dict[str, Any]]:
    if finding.path is None:
        return []
    place: dict[str, Any] = {"artifactLocation": {"uri": finding.path}}
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
            "artifactLocation": {"uri": path},
            "replacements": [_replacement(tree.read(path), edit) for edit in group],
        }
        for path, group in by_path(edits).items()
    ]


def _replacement(content: bytes, edit: Edit) -> dict[str, Any]:
    start, end = _position(content, edit.start), _position(content, edit.end)
    region = {"startLine": start[0], "startColumn": start[1], "endLine": end[0], "endColumn": end[1]}
    return {"deletedRegion": region, "insertedContent": {"text": edit.text}}


def _position(content: bytes, offset: int) -> tuple[int, int]:
    line_start = content.rfind(b"\n", 0, offset) + 1
    return content.count(b"\n", 0, offset) + 1, len(content[line_start:offset].decode("utf-8", "replace")) + 1


def _place(item: Item) -> tuple[str, int, str]:
    return item.finding.path or "", item.finding.line or 0, item.finding.rule


def _show(item: Item, console: Console, level: Level) -> None:
    from rich.text import Text

    finding = item.finding
    head = Text(f"  {finding.line or '-':>5}  ")
    head.append(f"{finding.severity:<8} ", style=_COLOUR[finding.severity])
    head.append(f"{finding.tool} {finding.rule}  ")
    head.append(_one_line(mask(finding.message)), style="dim")
    console.print(head, soft_wrap=True)
    fixes = [fix for fix in item.verified if fix.verdict.level >= level]
    if fixes:
        _show_fix(fixes[0], console)
    else:
        _say(console, f"no verified fix: {item.reason or 'none reached the level asked for'}")
    if len(fixes) > 1:
        names = ", ".join(f"{fix.candidate.approach} ({fix.verdict.score})" for fix in fixes[1:])
        _say(console, f"or: {names}", "dim")


def _show_fix(fix: Fix, console: Console) -> None:
    candidate, verdict = fix.candidate, fix.verdict
    _say(console, f"{candidate.approach} ({verdict.level}, {verdict.grade}, score {verdict.score})", "green")
    _say(console, _one_line(candidate.explanation, 400), "dim")
    for warning in candidate.warnings:
        _say(console, f"check: {warning}", "yellow")
    styles = {"+": "green", "-": "red", "@": "cyan"}
    for line in mask(fix.patch).splitlines():
        if not line.startswith(("diff --git", "--- ", "+++ ")):
            _say(console, line, styles.get(line[:1], ""))


def _say(console: Console, text: str, style: str = "") -> None:
    from rich.text import Text

    console.print(Text(f"         {_printable(text)}", style=style), soft_wrap=True)


def _show_summary(items: Sequence[Item], console: Console) -> None:
    counts = summary(items)
    console.print()
    console.print(
        f"{counts['findings']} findings: {counts['with_verified_fix']} with a verified fix, "
        f"{counts['with_multiple_approaches']} with several",
        style="bold",
    )


def _one_line(text: str, limit: int = 160) -> str:
    line = _printable(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _printable(text: str) -> str:
    """A finding, or a file, must not move the cursor or colour the terminal."""
    return "".join(char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in text)
