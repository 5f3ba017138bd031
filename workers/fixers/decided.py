"""What the authors decided beside the flagged code: a suppression of the same rule for another tool, or words."""

from __future__ import annotations

import re

from daemon.domain.finding import Finding
from daemon.errors import SourceUnavailable
from workers.fixers.registry import Harmless, NoFix, Target
from workers.fixers.set_aside import set_aside

_NOQA = re.compile(r"#\s*noqa\s*:\s*(?P<codes>[A-Z]+\d+(?:[\s,]+[A-Z]+\d+)*)", re.IGNORECASE)
_ON_PURPOSE = re.compile(
    r"(?:#|//|/\*|--|<!--)(?P<said>[^\r\n]*\b(?:on purpose|intentional(?:ly)?|deliberate(?:ly)?|by design)\b[^\r\n]*)",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"\s*(?:#|//|/?\*)")
_CODE = (".py", ".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".java", ".kt")
"""Of a resource or a step many things are flagged, and words beside it are about one of them."""
_EDITED = (*_CODE, ".yml", ".yaml", ".tf", ".json", ".go")
_DOCKERFILE = re.compile(r"(?:Docker|Container)file(?:[.-][\w.-]+)?$", re.IGNORECASE)
_HEAD = re.compile(r"\A(?:[ \t]*(?:(?:#|//|/?\*|<!--|---)[^\r\n]*)?\r?\n)+")
"""The remarks on top of a file."""
_COPIED = re.compile(r"\bonly edit this file in\b", re.IGNORECASE)
_LEAVE_IT = re.compile(r"\b(?:do not|don't|never)\s+(?:\w+\s+)?(?:edit|modify|change)\b", re.IGNORECASE)
_MADE = re.compile(
    r"\b(?:auto-?)?generated\b|\bthis (?:docker|work)?(?:file|flow|manifest) is (?:managed|synced)", re.IGNORECASE
)
_WIDEST = 12
"""Lines: what flags more than a statement is told by more than one remark."""


def refuse_decided(target: Target) -> None:
    """Say so where a person has decided on what is flagged.

    Raises:
        Harmless: the line, or the repository's settings, suppress the same rule: bandit's B501 is ruff's S501.
        NoFix: a comment says that it is so on purpose, or that something writes the file anew.
    """
    refuse_generated(target)
    place = next((one for one in target.finding.locations if one.path and one.region), None)
    if place is None or place.path is None or place.region is None or not place.path.endswith(_CODE):
        return
    if (code := _same_rule(target.finding)) and (settings := set_aside(target.tree, place.path, code[1:])):
        message = f"{settings} sets {target.finding.rule} ({code} in ruff) aside: the authors have decided"
        raise Harmless(message)
    first, last = place.region.start_line, place.region.last_line
    if last - first >= _WIDEST:
        return
    try:
        lines = target.tree.read(place.path).decode("utf-8", "replace").splitlines()
    except SourceUnavailable:
        return
    flagged = lines[first - 1 : last]
    for number, line in enumerate(flagged, start=first):
        if (code := _same_rule(target.finding)) and any(code in _codes(found) for found in _NOQA.finditer(line)):
            message = f"{place.path}:{number} suppresses {code} for ruff, which is this rule: the authors have decided"
            raise Harmless(message)
    above = [lines[first - 2]] if first > 1 and _COMMENT.match(lines[first - 2]) else []
    remarks = (_ON_PURPOSE.search(line) for line in (*above, *flagged))
    said = next((found["said"].strip(" #*/") for found in remarks if found), None)
    if said is not None:
        message = f"{place.path}:{first} says that it is so on purpose (`{said[:80]}`): a person has to take that back"
        raise NoFix(message)


def refuse_generated(target: Target) -> None:
    """Leave a file to what makes it: a change would be gone when that is run again.

    Raises:
        NoFix: its first lines say that it is made, and not to be edited.
    """
    path = target.finding.path or ""
    if not path.endswith(_EDITED) and not _DOCKERFILE.search(path):
        return
    try:
        head = _HEAD.match(target.tree.read(path).decode("utf-8", "replace"))
    except SourceUnavailable:
        return
    found = _COPIED.search(head[0]) if head is not None else None
    if head is not None and found is None and _MADE.search(head[0]):
        found = _LEAVE_IT.search(head[0])
    if head is not None and found is not None:
        line = head[0][head[0].rfind("\n", 0, found.start()) + 1 :].partition("\n")[0].strip(" \r#*/<!->")
        message = f"{path} is made by something that would undo a change (`{line[:80]}`): change what it is made from"
        raise NoFix(message)


def _same_rule(finding: Finding) -> str:
    """The code that ruff has for a rule of bandit; empty for others."""
    return f"S{finding.rule[1:]}" if finding.tool == "bandit" and re.fullmatch(r"B\d{3}", finding.rule) else ""


def _codes(found: re.Match[str]) -> list[str]:
    return re.findall(r"[A-Z]+\d+", found["codes"].upper())
