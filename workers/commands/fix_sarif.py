"""What `secaid fix --sarif` writes: SARIF 2.1.0 with every verified fix as a `fix` that viewers apply."""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from daemon.domain.edits import by_path
from daemon.domain.finding import Finding, Region
from daemon.domain.fix import Edit, Level
from daemon.domain.severity import Severity
from daemon.errors import SourceUnavailable
from daemon.masking import mask
from workers.commands.fix_json import readable
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
_IN_BYTES = frozenset(("bandit", "gitleaks", "zizmor"))
"""Scanners that count a column in bytes; in the log they are characters."""
_BOM = codecs.BOM_UTF8


class _Places:
    """Places in the files of a tree by the root of the repository, in characters, without a BOM."""

    def __init__(self, tree: SourceTree, above: str) -> None:
        self._tree = tree
        self._above = above
        self._contents: dict[str, bytes] = {}

    def artifact(self, path: str) -> dict[str, Any]:
        """A file."""
        return {"uri": quote((self._above + path).encode("utf-8", "surrogateescape"))}

    def region(self, finding: Finding, region: Region) -> dict[str, int] | None:
        """What the scanner pointed to, kept inside of the file; none where that has no such line."""
        lines = self._lines(finding.path or "")
        if lines and region.start_line > len(lines):
            return None
        end = min(region.end_line, len(lines)) if region.end_line and lines else region.end_line
        in_bytes = finding.tool in _IN_BYTES
        pairs = {
            "startLine": region.start_line,
            "startColumn": _column(lines, region.start_line, region.start_column, in_bytes=in_bytes),
            "endLine": end,
            "endColumn": _column(lines, end, region.end_column, in_bytes=in_bytes) if end == region.end_line else None,
        }
        return {key: value for key, value in pairs.items() if value is not None}

    def change(self, path: str, edits: Iterable[Edit]) -> dict[str, Any]:
        """What a fix replaces in a file."""
        content = self._content(path)
        return {
            "artifactLocation": self.artifact(path),
            "replacements": [_replacement(content, edit) for edit in edits],
        }

    def _content(self, path: str) -> bytes:
        if path not in self._contents:
            self._contents[path] = self._tree.read(path)
        return self._contents[path]

    def _lines(self, path: str) -> list[str]:
        with contextlib.suppress(SourceUnavailable):
            text = self._content(path).removeprefix(_BOM).decode("utf-8", "replace")
            return text.removesuffix("\n").split("\n")
        return []


def sarif(
    items: Sequence[Item], seen: Look, tree: SourceTree, version: str, *, level: Level = Level.NONE, above: str = ""
) -> dict[str, Any]:
    """A SARIF 2.1.0 log with every verified fix as a `fix` that viewers can apply, and notes of what was not read.

    Args:
        items: the findings.
        seen: what was looked at.
        tree: the files.
        version: secaid's.
        level: fixes below it are left out.
        above: the folder from the root of its repository, by which viewers and hosts find files.
    """
    places = _Places(tree, above)
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
                            *(_notification(one, places) for one in seen.unread),
                        ],
                    }
                ],
                "results": [_result(item, places, level) for item in items],
            }
        ],
    }


def _notification(one: LeftOut, places: _Places) -> dict[str, Any]:
    return {
        "level": "warning",
        "message": {"text": mask(f"{readable(one.path)} {one.reason}")},
        "locations": [{"physicalLocation": {"artifactLocation": places.artifact(one.path)}}],
    }


def _result(item: Item, places: _Places, level: Level) -> dict[str, Any]:
    finding = item.finding
    result: dict[str, Any] = {
        "ruleId": f"{finding.tool}/{finding.rule}",
        "level": _SARIF_LEVEL[finding.severity],
        "message": {"text": mask(finding.message)},
        "locations": _locations(finding, places),
        "partialFingerprints": {"secaid/v1": item.id},
    }
    if fixes := [fix for fix in item.verified if fix.verdict.level >= level]:
        result["fixes"] = [
            {
                "description": {"text": f"{fix.candidate.approach}: {fix.candidate.explanation}"},
                "artifactChanges": [places.change(path, group) for path, group in by_path(fix.candidate.edits).items()],
            }
            for fix in fixes
            if not any(mask(edit.text) != edit.text for edit in fix.candidate.edits)
        ]
    return result


def _locations(finding: Finding, places: _Places) -> list[dict[str, Any]]:
    if finding.path is None:
        return []
    place: dict[str, Any] = {"artifactLocation": places.artifact(finding.path)}
    if (region := finding.location.region) and (inside := places.region(finding, region)):
        place["region"] = inside
    return [{"physicalLocation": place}]


def _column(lines: Sequence[str], number: int | None, column: int | None, *, in_bytes: bool) -> int | None:
    if number is None or column is None or not 1 <= number <= len(lines):
        return column
    line = lines[number - 1]
    before = column - 1
    return (len(line.encode()[:before].decode("utf-8", "ignore")) if in_bytes else min(before, len(line))) + 1


def _replacement(content: bytes, edit: Edit) -> dict[str, Any]:
    start, end = _position(content, edit.start), _position(content, edit.end)
    region = {"startLine": start[0], "startColumn": start[1], "endLine": end[0], "endColumn": end[1]}
    return {"deletedRegion": region, "insertedContent": {"text": edit.text}}


def _position(content: bytes, offset: int) -> tuple[int, int]:
    line_start = content.rfind(b"\n", 0, offset) + 1
    before = content[line_start:offset]
    text = (before if line_start else before.removeprefix(_BOM)).decode("utf-8", "replace")
    return content.count(b"\n", 0, offset) + 1, len(text) + 1
