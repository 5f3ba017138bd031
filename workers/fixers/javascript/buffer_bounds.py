"""Buffers read and written without a look at their end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.script import arguments, called, flagged_node
from workers.fixers.registry import Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_METHOD = re.compile(r"\.(?P<how>read|write)(?:U?Int8|(?:U?Int(?:16|32)|Float|Double)(?:LE|BE))$")


@fixer(
    name="javascript-buffer-bounds",
    weakness="access beyond a buffer's end",
    cwes=(119,),
    rules={
        "semgrep": ["detect-buffer-noassert"],
        "njsscan": ["buffer_noassert"],
        "eslint": ["security/detect-buffer-noassert"],
        "eslint-plugin-security": ["detect-buffer-noassert"],
    },
    explain="""Up to Node 9 the last argument switched off the look at the buffer's end: a place beyond it was read or
written all the same (CWE-119). Since Node 10 it means nothing.

Without it the access throws a RangeError where the place lies outside, in every version.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`buffer.readUInt8(offset, true)` → without the last argument."""
    file, call = flagged_node(target, ("call_expression",), _unchecked)
    given = arguments(call)
    yield candidate(
        "checked",
        [file.edit(given[-2].end_byte, given[-1].end_byte, "")],
        "A place outside of the buffer throws a RangeError.",
    )


def _unchecked(file: Parsed, call: Node) -> bool:
    found, given = _METHOD.search(called(file, call)), arguments(call)
    wanted = 2 if found is not None and found["how"] == "read" else 3
    return found is not None and len(given) == wanted and file.text(given[-1]) == "true"
