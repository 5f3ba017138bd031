"""Several `cd` in one RUN: a RUN for each directory, behind its WORKDIR."""

from __future__ import annotations

import posixpath
import re

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.build import candidate
from workers.fixers.docker.shell.command import Command
from workers.fixers.docker.shell.script import Script, Step

_STATE = re.compile(r"^\s*(?:\w+=\S*\s*$|\w+=[\"'$(]|(?:export|set|umask|source|alias|eval|trap|pushd|popd|\.)\s)")
"""What the shell keeps from one part to the next."""
_DELETES = re.compile(r"\brm\b|\bpurge\b|\bapk\s+del\b|\bautoremove\b|\bclean\b")
_COMMENT = re.compile(r"(?m)^\s*#")
_DIRECTORY = re.compile(r"[\w./+@%-]+")


def parted(script: Script, moves: list[Command], old: str | None, again: str | None) -> Candidate | None:
    """A WORKDIR in the place of each `cd`; none where the parts belong together.

    `old` is the working directory so far, `again` what has to be it behind the step, where that matters.
    """
    file, one = script.file, script.instruction
    at = {move.whole: move for move in moves}
    if script.here or len([step for step in script.steps if step.start in at]) != len(moves):
        return None
    work = [step for step in script.steps if step.start not in at]
    first = next(number for number, step in enumerate(script.steps) if step.start in at)
    if any(_STATE.search(step.text) for step in work) or _COMMENT.search(script.file.slice(one.body, one.end)):
        return None
    if any(_DELETES.search(step.text) for step in script.steps[first:]):
        # Its own layer would be deleted too late to make the one before it smaller.
        return None
    parts = _directories(script, at, old)
    if parts is None:
        return None
    run = f"RUN {''.join(f'{flag} ' for flag in one.flags)}"
    lines = []
    for directory, steps in parts:
        lines += [f"WORKDIR {directory}"] if directory else []
        lines += [f"{run}{file.slice(steps[0].start, steps[-1].end)}"] if steps else []
    edits: list[Edit] = [file.edit(one.start, script.steps[-1].end, "\n".join(lines))]
    if again is not None and again != parts[-1][0]:
        edits.append(file.insert_after(one, f"WORKDIR {again}"))
    how = "Each directory is plain to see in front of the step that works in it, and the old one holds again behind."
    return candidate("workdir-for-each", edits, how, ["WORKDIR", "RUN"])


def _directories(script: Script, at: dict[int, Command], old: str | None) -> list[tuple[str | None, list[Step]]] | None:
    """The directories in order, none for what comes first, with the steps of each; none where one is not known."""
    parts: list[tuple[str | None, list[Step]]] = [(None, [])]
    here = old
    for step in script.steps:
        move = at.get(step.start)
        if move is None:
            parts[-1][1].append(step)
            continue
        where = move.arguments[0].text if len(move.arguments) == 1 else ""
        if not _DIRECTORY.fullmatch(where) or where.startswith("-") or (here is None and not where.startswith("/")):
            return None
        here = posixpath.normpath(posixpath.join(here or "/", where))
        if "$" in here:
            return None
        parts.append((here, []))
    # A `cd` at the very end, or two in a row, has nothing to do in its directory.
    return [part for part in parts if part[1]]
