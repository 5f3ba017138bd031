"""RUN instructions made one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from daemon.domain.fix import Edit
from workers.fixers.docker.bases.images import base_of
from workers.fixers.docker.build import stage_of
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Instruction

_DIRECTIVE = re.compile(rb"hadolint|checkov:|nosemgrep|trivy:|shellcheck")
"""What speaks of the one instruction below it."""
_PIP = re.compile(r"pip[\d.]*$")


def merged(file: Dockerfile, *row: Instruction) -> list[Edit] | None:
    """The edits that put the scripts of a row of RUNs in one `&&` list; none where that could mean something else.

    They must stand next to each other, and none but the last may change the shell's own state.
    """
    if not all(_join(file, first, second) for first, second in pairwise(row)):
        return None
    text = file.slice(row[0].start, _end(file, row[0]))
    for first, second in pairwise(row):
        text += f" {file.escape}\n{_comments(file, first, second)}    && "
        text += file.slice(second.body, _end(file, second)) if second is not row[-1] else ""
    # From the first line on, so that what scanners say about either is followed to where the joined step starts.
    return [file.edit(row[0].start, row[-1].body, text)]


def written_as_script(file: Dockerfile, *row: Instruction) -> Edit | None:
    """A row of RUNs as one here-document that stops at the first failure; none where that could mean something else.

    `set -e` lets the first part of an `&&` list fail, so each part becomes a line; what has parts of its own (a
    subshell, a substitution, a list with `||`) would meet `set -e` there for the first time. The shell of a
    here-document takes a carriage return for a part of the word.
    """
    if (
        file.escape != "\\"
        or file.newline != "\n"
        or not all(_join(file, first, second) for first, second in pairwise(row))
    ):
        return None
    lines: list[str] = []
    for number, one in enumerate(row):
        script = Script(file, one)
        if script.chain is None or any(mark in script.text for mark in (b"$(", b"`", b"EOF", b"!")):
            return None
        parts = [file.slice(step.start, step.end) for step in script.steps]
        if any(re.search(r"^\s*#", part, re.MULTILINE) for part in parts):
            return None
        above = _comments(file, row[number - 1], one) if number else ""
        lines += [*above.splitlines(), *parts]
    # hadolint reads on only behind an empty line.
    behind = file.content[row[-1].end :].split(b"\n")[1:2]
    body = "\n".join(["<<EOF", "set -e", *lines, "EOF", *([""] if behind and behind[0].strip() else [])])
    return file.edit(row[0].body, file.line_end(row[-1]), body)


def _comments(file: Dockerfile, first: Instruction, second: Instruction) -> str:
    """The comments between two instructions, as whole lines."""
    lines = file.slice(first.end, second.start).splitlines()
    return "".join(f"{line}\n" for line in lines if line.strip())


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
    plain = all(line.lstrip().startswith(b"#") for line in between.splitlines() if line.strip())
    if {first.keyword, second.keyword} != {"RUN"} or not plain or _DIRECTIVE.search(between):
        return False
    if first.flags != second.flags:
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
