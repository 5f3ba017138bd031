"""Several patches of one commit → one that `git apply` takes: their context lines are what the others change."""

from __future__ import annotations

import re
from collections.abc import Iterable

_FILE = re.compile(r"^(?=diff --git )", re.MULTILINE)
_HUNK = re.compile(r"^@@ -(?P<start>\d+)(?:,(?P<size>\d+))? \+\d+(?:,\d+)? @@[^\n]*\n", re.MULTILINE)
_APART = ("\\ No newline", "new file mode", "deleted file mode", "rename ", "old mode", "GIT binary")


class Conflict(ValueError):
    """Two of the patches change the same lines, or a file in a way that is no change of lines."""


def merged(patches: Iterable[str]) -> str:
    """One patch with all changes, each once.

    Raises:
        Conflict: see there.
    """
    files: dict[str, list[str]] = {}
    for patch in dict.fromkeys(patches):
        for part in filter(None, _FILE.split(patch)):
            hunk = _HUNK.search(part)
            head = part[: hunk.start()] if hunk else part
            files.setdefault(head, []).append(part[len(head) :])
    return "".join(head + _one(head, bodies) for head, bodies in files.items())


def _one(head: str, bodies: list[str]) -> str:
    if len(bodies) == 1:
        return bodies[0]
    if any(mark in text for text in (head, *bodies) for mark in _APART):
        message = f"{head.splitlines()[-1][4:]} cannot be changed by several patches at once"
        raise Conflict(message)
    known: dict[int, str] = {}
    gone: set[int] = set()
    added: dict[int, list[str]] = {}
    for body in bodies:
        lines, removed, inserted = _changes(body)
        if any(known.get(number, text) != text for number, text in lines.items()):
            message = f"the patches of {head.splitlines()[-1][4:]} are not of one commit"
            raise Conflict(message)
        if gone & removed or added.keys() & inserted.keys():
            message = f"two of the fixes change the same lines of {head.splitlines()[-1][4:]}"
            raise Conflict(message)
        known |= lines
        gone |= removed
        added |= inserted
    return _written(known, gone, added)


def _changes(body: str) -> tuple[dict[int, str], set[int], dict[int, list[str]]]:
    """Lines of the original by their numbers, those that go, and what comes before which."""
    lines: dict[int, str] = {}
    gone: set[int] = set()
    added: dict[int, list[str]] = {}
    starts = [*_HUNK.finditer(body)]
    for hunk, following in zip(starts, [*starts[1:], None], strict=True):
        number = int(hunk["start"]) + (hunk["size"] == "0")
        for line in body[hunk.end() : following.start() if following else len(body)].splitlines(keepends=True):
            if line.startswith("+"):
                added.setdefault(number, []).append(line)
                continue
            lines[number] = line[1:]
            if line.startswith("-"):
                gone.add(number)
            number += 1
    return lines, gone, added


def _written(known: dict[int, str], gone: set[int], added: dict[int, list[str]]) -> str:
    """Hunks of the lines that are known, each run of them as one."""
    text, moved = "", 0
    numbers = sorted({*known, *added})
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    for run in runs:
        body, old, new = "", 0, 0
        for number in run:
            body += "".join(added.get(number, ()))
            new += len(added.get(number, ()))
            if number in known:
                body += ("-" if number in gone else " ") + known[number]
                old += 1
                new += number not in gone
        start = run[0] - (old == 0)
        text += f"@@ -{start},{old} +{start + moved + (old == 0) - (new == 0)},{new} @@\n{body}"
        moved += new - old
    return text
