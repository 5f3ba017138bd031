"""Java strings put together from pieces: literals, `+` and `String.format`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.pieces import Template, Value, joined

if TYPE_CHECKING:
    from tree_sitter import Node

_LAST_LITERAL = re.compile(r"\"([^\"\\\n]*)\"\s*\+?\s*$")
_FORMAT = re.compile(r"%(?P<conversion>[sd%])")


def template(file: Parsed, node: Node) -> Template | None:
    """The string expression as text and values; `None` where it is not surely one."""
    parts = _parts(file, node)
    if parts is None or not any(isinstance(part, str) for part in parts):
        return None
    return joined(parts)


def written(parts: Sequence[str | Value]) -> str | None:
    """The pieces as one expression, which is a text from the first sum on."""
    joined = [quoted(part) if isinstance(part, str) else _operand(part.source) for part in parts]
    return " + ".join(joined if any(isinstance(part, str) for part in parts[:2]) else ['""', *joined])


def over_lines(file: Parsed, node: Node, text: str) -> str:
    """The text as a literal, broken where the expression that it stands for was: at the literals that end its lines."""
    rows = range(file.number(node), node.end_point[0] + 1)  # without the last line
    pieces, position = list[str](), 0
    for row in rows:
        literal = _LAST_LITERAL.search(file.slice(max(node.start_byte, file.starts[row - 1]), file.line_end(row)))
        ending = literal[1].rpartition("'")[2] if literal is not None else ""
        found = text.find(ending, position) if ending else -1
        if found < 0:
            continue
        end = found + len(ending)
        following = file.line(row + 1).decode()
        gap = f"\n{file.indent(row + 1)}"
        leads = following.lstrip().startswith("+")
        pieces.append(f"{quoted(text[position:end])}{'' if leads else ' +'}{gap}{'+ ' if leads else ''}")
        position = end
    return "".join([*pieces, quoted(text[position:])]) if text[position:] else quoted(text)


def _operand(source: str) -> str:
    """The expression, in brackets where it is itself made by an operator."""
    bare = re.sub(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)+'", "", source)
    while (inner := re.sub(r"\([^()]*\)|\[[^\[\]]*\]|<[\w, ]*>", "", bare)) != bare:
        bare = inner
    return f"({source})" if re.search(r"[-+*/%?<>=&|]", bare) else source


def quoted(text: str) -> str:
    """The text as a literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return '"' + escaped.replace("\t", "\\t") + '"'


def _parts(file: Parsed, node: Node) -> list[str | Value] | None:
    if node.type == "parenthesized_expression" and len(node.named_children) == 1:
        return _parts(file, node.named_children[0])
    if node.type == "string_literal":
        text = file.text(node)
        return None if "\\" in text or text.startswith('"""') else [text[1:-1]]
    if node.type == "binary_expression":
        return _sum(file, node)
    if node.type == "method_invocation":
        return _formatted(file, node)
    return None


def _sum(file: Parsed, node: Node) -> list[str | Value] | None:
    left, right, operator = (node.child_by_field_name(name) for name in ("left", "right", "operator"))
    if left is None or right is None or operator is None or file.text(operator) != "+":
        return None
    found: list[str | Value] = []
    for operand in (left, right):
        parts = _parts(file, operand)
        if parts is None and operand.type == "string_literal":
            return None
        found += parts if parts is not None else [Value(file.text(operand))]
    return found if any(isinstance(part, str) for part in found) else None


def _formatted(file: Parsed, node: Node) -> list[str | Value] | None:
    name, given = node.child_by_field_name("name"), node.child_by_field_name("arguments")
    holder = node.child_by_field_name("object")
    if name is None or given is None or holder is None or (file.text(holder), file.text(name)) != ("String", "format"):
        return None
    arguments = given.named_children
    text = _parts(file, arguments[0]) if arguments else None
    if text is None or len(text) != 1 or not isinstance(text[0], str):
        return None
    values = [Value(file.text(each)) for each in arguments[1:]]
    pieces = _FORMAT.split(text[0])
    found: list[str | Value] = [pieces[0]]
    for conversion, literal in zip(pieces[1::2], pieces[2::2], strict=True):
        if conversion == "%":
            found.append("%")
        elif values:
            found.append(values.pop(0))
        else:
            return None
        found.append(literal)
    return None if values or "%" in _FORMAT.sub("", text[0]) else found
