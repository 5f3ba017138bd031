"""One file before and after → what changed that the candidate does not declare, by the file's own structure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from daemon.domain.finding import Region
from daemon.domain.fix import Edit
from workers.source import syntax
from workers.verify.kinds import is_dockerfile
from workers.verify.structure import code, container, dockerfile, lines
from workers.verify.structure.added import without_new
from workers.verify.structure.diff import DELETE, Kind, difference, undeclared
from workers.verify.structure.documents import Malformed, read_repeating, read_yaml, reader

_SHOWN = 20
_MARKUP = frozenset({"html", "embedded_template", "markdown"})
"""Text and tags without statements: templates and documents are compared by their lines."""


class Preservation(msgspec.Struct, frozen=True):
    """What a comparison found."""

    by: str
    """What was compared: `document`, `instructions`, `syntax tree`, `lines`."""
    violations: tuple[str, ...]
    changes: tuple[str, ...] = ()


def preservation(
    path: str, before: bytes, after: bytes, edits: Sequence[Edit], declares: Sequence[str], flagged: Sequence[Region]
) -> Preservation:
    """Compare by the richest structure that the file has."""
    if is_dockerfile(path):
        found = _instructions(before, after, declares)
    elif reader(path) is not None:
        found = _document(path, before, after, edits, declares, flagged)
    else:
        found = _tree(path, before, after, declares, flagged)
    return found or Preservation("lines", tuple(lines.violations(before, after, declares, flagged)[:_SHOWN]))


def _instructions(before: bytes, after: bytes, declares: Sequence[str]) -> Preservation | None:
    try:
        old, new = dockerfile.instructions(before), dockerfile.instructions(after)
    except Malformed:
        return None
    found = [*dockerfile.violations(old, new, declares), *container.changed_effect(old, new, declares)]
    return Preservation("instructions", tuple(found[:_SHOWN]))


def _document(
    path: str, before: bytes, after: bytes, edits: Sequence[Edit], declares: Sequence[str], flagged: Sequence[Region]
) -> Preservation | None:
    try:
        sides = _sides(path, before, after)
    except Malformed:
        return None
    changes = difference(*without_new(*sides, declares))
    bad = undeclared(changes, declares)
    if bad and _within(before, edits, lines.declared_lines(declares, flagged)):
        # Lines may be declared whole; what vanishes from them must be declared as such.
        bad = [change for change in bad if change.kind is Kind.REMOVED and not any(map(_deletes, declares))]
    shown = tuple(str(change) for change in changes[:_SHOWN])
    return Preservation(
        "document", tuple(f"{change}, which the fix does not declare" for change in bad[:_SHOWN]), shown
    )


def _sides(path: str, before: bytes, after: bytes) -> tuple[Any, Any]:
    """Both documents; a repeated key is told apart by its number, where the original repeats one.

    Raises:
        Malformed: one of them cannot be read.
    """
    read = reader(path)
    if read is None:
        message = f"no reader knows {path}"
        raise Malformed(message)
    try:
        return read(before), read(after)
    except Malformed:
        if read is not read_yaml:
            raise
        return read_repeating(before), read_repeating(after)


def _deletes(declared: str) -> bool:
    return declared.endswith(DELETE)


def _within(before: bytes, edits: Sequence[Edit], allowed: set[int]) -> bool:
    """Whether all edits lie on declared lines."""
    for edit in edits:
        first = before.count(b"\n", 0, edit.start) + 1
        if not set(range(first, first + before.count(b"\n", edit.start, edit.end) + 1)) <= allowed:
            return False
    return bool(edits)


def _tree(
    path: str, before: bytes, after: bytes, declares: Sequence[str], flagged: Sequence[Region]
) -> Preservation | None:
    old = syntax.parse(before, path)
    new = syntax.parse(after, path, language=old.language) if old else None
    if old is None or new is None or old.problems or old.language in _MARKUP:
        return None
    return Preservation("syntax tree", tuple(code.violations(old, new, declares, flagged)[:_SHOWN]))
