"""JavaScript strings put together from pieces: literals, templates and `+`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.javascript.script import literal
from workers.fixers.pieces import Template, Value, joined

if TYPE_CHECKING:
    from tree_sitter import Node


def template(file: Parsed, node: Node) -> Template | None:
    """The string expression as text and values; `None` where it is not surely one."""
    parts = _parts(file, node)
    if parts is None:
        return None
    return joined(parts)


def written(parts: Sequence[str | Value]) -> str | None:
    """The pieces as one expression: a literal, a value alone, or a template."""
    if all(isinstance(part, str) for part in parts):
        return quoted("".join(part for part in parts if isinstance(part, str)))
    if len(parts) == 1 and isinstance(parts[0], Value):
        return parts[0].source
    body = "".join(
        part.replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${")
        if isinstance(part, str)
        else f"${{{part.source}}}"
        for part in parts
    )
    return f"`{body}`"


def quoted(text: str, mark: str = '"') -> str:
    """The text as a literal, in these quotation marks where that needs no escapes."""
    other = "'" if mark == '"' else '"'
    if "\n" in text and "`" not in text and "\\" not in text and "${" not in text:
        return f"`{text}`"
    if mark in text and other not in text:
        mark = other
    escaped = text.replace("\\", "\\\\").replace(mark, "\\" + mark).replace("\n", "\\n").replace("\r", "\\r")
    return mark + escaped.replace("\t", "\\t") + mark


def _parts(file: Parsed, node: Node) -> list[str | Value] | None:
    if node.type == "parenthesized_expression" and len(node.named_children) == 1:
        return _parts(file, node.named_children[0])
    if node.type == "string":
        text = literal(file, node)
        return None if text is None else [text]
    if node.type == "template_string":
        return _template_parts(file, node)
    if node.type == "binary_expression":
        return _sum(file, node)
    return None


def _template_parts(file: Parsed, node: Node) -> list[str | Value] | None:
    found: list[str | Value] = []
    position = node.start_byte + 1
    for child in node.named_children:
        if child.type == "template_substitution":
            found.append(file.slice(position, child.start_byte))
            found.append(Value(file.slice(child.start_byte + 2, child.end_byte - 1).strip()))
            position = child.end_byte
    found.append(file.slice(position, node.end_byte - 1))
    return None if any(isinstance(part, str) and "\\" in part for part in found) else found


def _sum(file: Parsed, node: Node) -> list[str | Value] | None:
    left, right, operator = (node.child_by_field_name(name) for name in ("left", "right", "operator"))
    if left is None or right is None or operator is None or file.text(operator) != "+":
        return None
    sides = [_parts(file, left), _parts(file, right)]
    if sides == [None, None]:
        return None
    # `a + b + "text"` adds `a` and `b` first, so an inner sum without a string is one value, not two pieces.
    return [
        part
        for side, operand in zip(sides, (left, right), strict=True)
        for part in (side if side is not None else [Value(file.text(operand))])
    ]
