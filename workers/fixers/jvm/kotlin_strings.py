"""Kotlin strings put together from pieces: literals, templates and `+`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.pieces import Template, Value, joined

if TYPE_CHECKING:
    from tree_sitter import Node

_INSERTED = re.compile(r"\$(?:\{(?P<whole>[^{}\"]*)\}|(?P<name>[A-Za-z_]\w*))")


def template(file: Parsed, node: Node) -> Template | None:
    """The string expression as text and values; `None` where it is not surely one."""
    parts = _parts(file, node)
    if parts is None or not any(isinstance(part, str) for part in parts):
        return None
    return joined(parts)


def _parts(file: Parsed, node: Node) -> list[str | Value] | None:
    if node.type == "parenthesized_expression" and len(node.named_children) == 1:
        return _parts(file, node.named_children[0])
    if node.type == "string_literal":
        text = file.text(node)
        known = not text.startswith('"""') and "\\" not in text and "{" not in _INSERTED.sub("", text)
        return list(_pieces(text[1:-1])) if known else None
    if node.type == "binary_expression" and "+" in [child.type for child in node.children]:
        sides = [_parts(file, side) for side in node.named_children]
        if len(sides) != 2 or sides == [None, None]:
            return None
        return [
            part
            for side, operand in zip(sides, node.named_children, strict=True)
            for part in (side if side is not None else [Value(file.text(operand))])
        ]
    return None


def _pieces(text: str) -> Iterator[str | Value]:
    position = 0
    for found in _INSERTED.finditer(text):
        yield text[position : found.start()]
        yield Value((found["whole"] or found["name"]).strip())
        position = found.end()
    yield text[position:]
