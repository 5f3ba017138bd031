"""RUN instructions made one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from daemon.domain.fix import Edit
from workers.fixers.docker.build import stage_of
from workers.fixers.docker.images import base_of
from workers.fixers.docker.script import Script
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Instruction

_PIP = re.compile(r"pip[\d.]*$")


def merged(file: Dockerfile, *row: Instruction) -> list[Edit] | None:
    """The edits that put the scripts of a row of RUNs in one `&&` list; none where that could mean something else.

    They must stand next to each other, and none but the last may change the shell's own state.
    """
    if not all(_join(file, first, second) for first, second in pairwise(row)):
        return None
    parts = [file.slice(row[0].start, _end(file, row[0]))]
    parts += [file.slice(one.body, _end(file, one)) for one in row[1:-1]]
    # From the first line on, so that what scanners say about either is followed to where the joined step starts.
    return [file.edit(row[0].start, row[-1].body, "".join(f"{part} {file.escape}\n    && " for part in parts))]


def row_of(file: Dockerfile, inner: Sequence[Instruction], index: int) -> Sequence[Instruction]:
    """The RUNs next to each other, around one, of which each can be joined with the next."""
    first = last = index
    while first and _join(file, inner[first - 1], inner[first]):
        first -= 1
    while last + 1 < len(inner) and _join(file, inner[last], inner[last + 1]):
        last += 1
    return inner[first : last + 1]


def _join(file: Dockerfile, first: Instruction, second: Instruction) -> bool:
    between = file.content[first.end : second.start]
    if {first.keyword, second.keyword} != {"RUN"} or between.strip() or first.flags != second.flags:
        return False
    try:
        head, tail = Script(file, first), Script(file, second)
    except NoFix:
        return False
    # A shell runs the distribution's pip where it found it, and that fails once the newer one is installed.
    moved = _moves_pip(head) and base_of(file, stage_of(file, first)).image != "python"
    if moved and any(_PIP.match(call.name) for call in tail.commands):
        return False
    if head.chain is None or head.stateful or tail.here or head.here or tail.root.named_child_count != 1:
        return False
    kind = tail.root.named_children[0].type
    if tail.chain is None and kind not in {"list", "pipeline"}:
        return False
    return kind != "list" or not any(child.type == "||" for child in tail.root.named_children[0].children)


def _moves_pip(script: Script) -> bool:
    """Whether it installs pip itself, which puts it in another folder than the distribution's."""
    return any(
        {"install", "pip"} <= {re.split(r"[=<>~]", word.text.strip("'\""))[0] for word in call.operands}
        for call in script.commands
    )


def _end(file: Dockerfile, one: Instruction) -> int:
    script = Script(file, one)
    return script.offset + script.root.named_children[-1].end_byte
