"""A proven case's fix, carried over to a finding like it: the same lines become the same lines.

Only lines that stand in the new file exactly once, apart from their common indentation, are replaced; anything
less certain is no candidate. What comes of it is verified like every other one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.fix import Candidate, Edit, Fix, FixSource
from daemon.errors import EditConflict

_HUNK = re.compile(r"^@@ .*?@@.*\n", re.MULTILINE)


class Change(msgspec.Struct, frozen=True):
    """Whole lines, without their ends, before and after."""

    old: tuple[str, ...]
    new: tuple[str, ...]


def adapt(fix: Fix, finding: Finding, path: str, content: bytes) -> Candidate | None:
    """The case's change at the finding's file; None where its lines are not there, or not only once."""
    try:
        text = content.decode("utf-8")
        edits = tuple(_edit(path, text, change) for change in changes(fix.patch))
    except (UnicodeDecodeError, EditConflict):
        return None
    if not edits or len(fix.candidate.paths) != 1:
        return None
    return Candidate(
        approach=f"case-{fix.candidate.approach}",
        source=FixSource.CASE,
        fixer=fix.candidate.fixer,
        edits=edits,
        explanation=f"the same change was verified for {finding.rule} elsewhere: {fix.candidate.explanation}",
        declares=fix.candidate.declares,
        warnings=fix.candidate.warnings,
    )


def changes(patch: str) -> list[Change]:
    """The runs of changed lines of a unified diff, each with the line before it where it only inserts."""
    return [change for hunk in _HUNK.split(patch)[1:] for change in _runs(hunk.split("\n"))]


def _runs(lines: Sequence[str]) -> Iterator[Change]:
    before: str | None = None
    old: list[str] = []
    new: list[str] = []
    for line in [*lines, " "]:
        mark, text = line[:1], line[1:]
        if mark == "-":
            old.append(text)
        elif mark == "+":
            new.append(text)
        elif mark != "\\":
            if new or old:
                anchor = (before,) if before is not None and not old else ()
                yield Change((*anchor, *old), (*anchor, *new))
            before, old, new = text, [], []


def _edit(path: str, text: str, change: Change) -> Edit:
    """Where the old lines stand, and the new ones as that place is indented.

    Raises:
        EditConflict: they stand nowhere, or in several places.
    """
    lines = text.split("\n")
    size = len(change.old)
    wanted = _outdented(change.old)
    places = [at for at in range(len(lines) - size + 1) if _outdented(lines[at : at + size]) == wanted]
    if not any(wanted) or len(places) != 1:
        message = f"the case's lines stand {len(places)} times in {path}"
        raise EditConflict(message)
    at = places[0]
    here, there = _indent(lines[at : at + size]), _indent(change.old)
    replaced = [here + line.removeprefix(there) if line.strip() else line for line in change.new]
    start = len("\n".join([*lines[:at], ""]).encode())
    end = start + len("\n".join(lines[at : at + size]).encode())
    return Edit(path=path, start=start, end=end, text="\n".join(replaced))


def _outdented(lines: Sequence[str]) -> list[str]:
    indent = len(_indent(lines))
    return [line[indent:].rstrip() for line in lines]


def _indent(lines: Sequence[str]) -> str:
    """The white space that all lines with content begin with."""
    starts = [line[: len(line) - len(line.lstrip())] for line in lines if line.strip()]
    shortest = min(starts, key=len, default="")
    return shortest if all(start.startswith(shortest) for start in starts) else ""
