"""Text without a grammar, line by line: only declared lines may change."""

from __future__ import annotations

import re
from collections.abc import Sequence

from daemon.domain.finding import Region
from workers.source.linediff import differences
from workers.verify.structure.diff import DELETE


def violations(before: bytes, after: bytes, declares: Sequence[str], flagged: Sequence[Region]) -> list[str]:
    """Every line that changed undeclared, as a phrase."""
    old, new = before.splitlines(), after.splitlines()
    allowed = declared_lines(declares, flagged)
    names = [_name(declared) for declared in declares if declared.startswith("package:")]
    found = []
    for first, last, now, now_last in differences(old, new):
        touched = set(range(first + 1, last + 1)) or {first + 1}
        texts = old[first:last] + new[now:now_last]
        named = bool(texts) and any(
            all(name.search(text.decode("utf-8", "replace")) for text in texts) for name in names
        )
        if not named and not touched <= allowed:
            found.append(f"line {first + 1} changed, which the fix does not declare")
    return found


def declared_lines(declares: Sequence[str], flagged: Sequence[Region]) -> set[int]:
    """The original's lines that may change, or before which lines may be inserted."""
    lines: set[int] = set()
    for declared in declares:
        kind, _, value = declared.removesuffix(DELETE).partition(":")
        if kind in {"line", "insert", "statement"} and value.isdigit():
            lines.add(int(value))
        elif kind == "node":
            for region in flagged:
                lines.update(region.lines)
    return lines


def _name(declared: str) -> re.Pattern[str]:
    name = declared.removesuffix(DELETE).partition(":")[2]
    spelled = re.sub(r"[-_.]+", "[-_.]+", re.escape(name).replace("\\", ""))
    return re.compile(rf"(?<![\w.-]){spelled}(?![\w-])", re.IGNORECASE)
