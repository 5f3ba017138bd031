"""Mustache's escaping, switched off for every template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import FLAGGED, Parsed, any_of, candidate
from workers.fixers.javascript.script import flagged_node
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_SAME = re.compile(
    r"(?:function\s*\w*\s*\((?P<a>\w+)\)\s*\{\s*return\s+(?P=a)\s*;?\s*\}|\(?(?P<b>\w+)\)?\s*=>\s*(?P=b))"
)
_PAGES = re.compile(
    rb"\bres(?:ponse)?\.(?:render|send|write|end)\(|<(?:html|body|div|p|h\d)\b|\.innerHTML\b|\.html['\"`]"
)
"""What is made goes to a browser."""
_WARNING = "Templates that mean to insert HTML must say so at each such place, by three braces."


@fixer(
    name="javascript-template-escape",
    weakness="output protection switched off",
    cwes=(79, 116),
    rules={
        "semgrep": ["detect-disable-mustache-escape", "escape-function-overwrite"],
        "njsscan": ["xss_disable_mustache_escape"],
    },
    explain="""Mustache escapes what it inserts, so that a value with `<script>` in it shows as text. A function of
one's own that gives the value back as it is, or `escapeMarkup = false`, turns that off for all templates at once
(CWE-79).

Without it the engine escapes again. The few places that mean to insert HTML say so one by one: `{{{ value }}}`.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`escapeMarkup = false` → true, or gone; `mustache.escape = text => text` → gone."""
    file, node = flagged_node(target, ("assignment_expression",), _switches)
    if not _PAGES.search(file.content):
        message = f"{file.path}:{file.number(node)} may make other texts than pages, which HTML's escapes would spoil"
        raise NoFix(message)
    right = node.child_by_field_name("right")
    makers = [lambda: _left_out(file, node)]
    if right is not None and file.text(right) == "false":
        value = right
        makers.insert(
            0,
            lambda: candidate(
                "escaped", [file.replace(value, "true")], "What templates insert is escaped.", warnings=(_WARNING,)
            ),
        )
    yield from any_of(*makers)


def _left_out(file: Parsed, node: Node) -> Candidate:
    holder = node.parent
    right = node.child_by_field_name("right")
    line = file.number(node)
    if right is not None and file.text(right) != "false" and not _SAME.fullmatch(file.text(right)):
        message = f"{file.path}:{line} escapes in a way of its own: whether that is enough is for a person to say"
        raise NoFix(message)
    alone = holder is not None and holder.type == "expression_statement"
    if holder is None or not alone or holder.parent is None or holder.parent.type not in {"program", "statement_block"}:
        message = f"{file.path}:{line} is part of a longer statement"
        raise NoFix(message)
    last = file.line_of(holder.end_byte - 1)
    before, after = (
        file.slice(file.starts[line - 1], holder.start_byte),
        file.slice(holder.end_byte, file.line_end(last)),
    )
    if before.strip() or after.strip() or last >= len(file.starts):
        message = f"{file.path}:{line} shares its line with other code"
        raise NoFix(message)
    return candidate(
        "default",
        [file.edit(file.starts[line - 1], file.starts[last], "")],
        "The engine escapes what templates insert unless told otherwise.",
        declares=(f"{FLAGGED}/delete", f"statement:{line}/delete"),
        warnings=(_WARNING,),
    )


def _switches(file: Parsed, node: Node) -> bool:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None:
        return False
    off = file.text(left).endswith(".escapeMarkup") and file.text(right) == "false"
    return off or re.fullmatch(r"[Mm]ustache\.escape", file.text(left)) is not None
