"""Buffers that may show old memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.script import arguments, called, flagged_node
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node


_NUMBER = re.compile(r"^\d+$|(?:len|length|size|count|capacity|width|height|bytes|num\w*)$", re.IGNORECASE)
_REACHED = re.compile(r"^[^'\"`]*[-*/%][^'\"`]*$")
_UNTOLD = re.compile(r"[A-Za-z_$]")
"""One letter: a number or a text."""


@fixer(
    name="javascript-buffer-constructor",
    weakness="uninitialised or unchecked buffer",
    cwes=(770,),
    rules={
        "eslint": ["security/detect-new-buffer"],
        "eslint-plugin-security": ["detect-new-buffer"],
        "semgrep": ["detect-new-buffer", "new-buffer"],
        "njsscan": ["buffer_constructor"],
    },
    explain="""`new Buffer(x)` does two things: for text it copies it, for a number it hands out that much memory,
which in old versions of Node still held other data. A request that sends a number where text was meant reads that
memory (CWE-119).

`Buffer.from` copies data and refuses numbers, `Buffer.alloc` makes zeroed memory and refuses text. The constructor is
deprecated since Node 6.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`new Buffer(…)` → `Buffer.from` or `Buffer.alloc`, by what it is given."""
    file, made = flagged_node(target, ("new_expression",), _is_buffer)
    constructor = made.child_by_field_name("constructor")
    given = arguments(made)
    if constructor is None or not given:
        message = f"{file.path}:{file.number(made)} makes a buffer of nothing"
        raise NoFix(message)
    first = file.text(given[0])
    number = _NUMBER.search(first) or (given[0].type == "binary_expression" and _REACHED.search(first))
    if len(given) == 1 and not number and (given[0].type == "binary_expression" or _UNTOLD.fullmatch(first)):
        message = f"{file.path}:{file.number(made)} does not show whether it is given text or a size"
        raise NoFix(message)
    name = "Buffer.alloc" if number else "Buffer.from"
    yield candidate(
        name.replace(".", "-").lower(),
        [file.edit(made.start_byte, constructor.end_byte, name)],
        f"`{name}` says which of the two is meant and refuses the other.",
    )


def _is_buffer(file: Parsed, node: Node) -> bool:
    return called(file, node) == "Buffer"
