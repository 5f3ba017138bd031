"""Paths that the program looks at before it uses them: what leads out of the folder ends there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.source.syntax import ancestors, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_ENDS = re.compile(r"\b(?:return|throw|continue)\b[^{}]*(?:\{[^{}]*\}[^{}]*)*\}?\s*$")
_STEPS = 3


def is_checked(file: Parsed, call: Node) -> bool:
    """Whether the function ends where the path that the call makes, or one made of it, lies outside of its folder."""
    around = next((each for each in ancestors(call) if each.child_by_field_name("parameters") is not None), None)
    name = _given(file, call)
    for _ in range(_STEPS):
        if around is None or not name:
            return False
        if any(_refuses(file, each, name, after=call) for each in walk(around) if each.type == "if_statement"):
            return True
        name = next(
            (
                of
                for each in walk(around)
                if each.type == "variable_declarator"
                and each.start_byte > call.end_byte
                and (value := each.child_by_field_name("value")) is not None
                and re.search(
                    rf"(?:join|resolve|normalize|relative)\([^;]*(?<![\w$.]){re.escape(name)}(?![\w$])",
                    file.text(value),
                )
                and (of := _name(file, each)) != name
            ),
            "",
        )
    return False


def _refuses(file: Parsed, node: Node, name: str, *, after: Node) -> bool:
    condition, ends = node.child_by_field_name("condition"), node.child_by_field_name("consequence")
    if condition is None or ends is None or node.start_byte < after.end_byte or not _ENDS.search(file.text(ends)):
        return False
    text, of = file.text(condition), re.escape(name)
    if "&&" in text:
        return False
    outside = (
        rf"!\s*(?:\w+\.)*(?:is)?(?:path)?_?(?:is)?inside\w*\(\s*{of}\s*,|!\s*{of}\.startsWith\("
        rf"|{of}\.indexOf\([^()]*\)\s*!==?\s*0"
    )
    relative = rf"(?<![\w$.!]){of}\.startsWith\(\s*['\"`]\.\."
    return re.search(outside, text, re.IGNORECASE) is not None or re.search(relative, text) is not None


def _given(file: Parsed, call: Node) -> str:
    """The variable that the path is the whole value of."""
    holder = call.parent
    return _name(file, holder) if holder is not None and holder.type == "variable_declarator" else ""


def _name(file: Parsed, declarator: Node) -> str:
    name = declarator.child_by_field_name("name")
    return file.text(name) if name is not None and name.type == "identifier" else ""
