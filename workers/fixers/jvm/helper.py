"""A small static method that a fix adds to a class of Java, once, however many fixes of the file need it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from daemon.domain.fix import Edit
from workers.fixers.code import Parsed
from workers.fixers.registry import NoFix
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_METHODS = ("method_declaration", "constructor_declaration")
_CLASSES = ("class_declaration", "object_creation_expression", "enum_declaration", "record_declaration")


class Helper(msgspec.Struct, frozen=True):
    """What a candidate adds and declares for it."""

    edits: tuple[Edit, ...]
    declares: tuple[str, ...]


def helper(file: Parsed, node: Node, source: str) -> Helper:
    """The method in the file's own indentation, before the first of the class, so that all fixes agree on its place.

    `source` is a whole `private static … NAME(…) {…}` with four blanks of indentation and qualified names.

    Raises:
        NoFix: the name means something else in the file, or the class can hold no static method there.
    """
    name = source.partition("(")[0].rpartition(" ")[2]
    method = next((each for each in ancestors(node) if each.type in _METHODS), None)
    where = f"{file.path}:{file.number(node)}"
    if method is None:
        message = f"{where} is in no method that another could stand before"
        raise NoFix(message)
    classes = [each for each in ancestors(method) if each.type in _CLASSES]
    holder = classes[0] if classes else None
    inner = holder is not None and len(classes) > 1 and "static " not in file.text(holder).partition("{")[0]
    if holder is None or inner or holder.type == "object_creation_expression":
        message = f"{where} is in an inner class, which may hold no static method"
        raise NoFix(message)
    body = next(each for each in ancestors(method) if each.type.endswith("body"))
    first = next(each for each in body.named_children if each.type in _METHODS)
    line = file.number(first)
    indent = file.indent(line)
    unit = file.indent_unit
    lines = [
        f"{indent}{re.sub(r'^(?: {4})+', lambda found: unit * (len(found[0]) // 4), each)}".rstrip()
        for each in source.split("\n")
    ]
    written = "\n".join(lines)
    there = [each for each in file.of("method_declaration") if _named(file, each) == name]
    if any(_squeezed(file.text(each)) == _squeezed(written) and _of(each, holder) for each in there):
        return Helper((), ())
    if re.search(rf"\b{name}\b".encode(), file.content):
        message = f"`{name}` already means something else in {file.path}"
        raise NoFix(message)
    place = _place(file, first)
    return Helper((file.insert(place, f"{written}\n\n"),), (f"insert:{line}",))


def _of(method: Node, holder: Node) -> bool:
    return method.parent is not None and method.parent.parent == holder


def _place(file: Parsed, method: Node) -> int:
    """The start of the method's line, or of the comment right above it."""
    line = file.number(method)
    if file.slice(file.starts[line - 1], method.start_byte).strip():
        message = f"{file.path}:{line} shares its line with other code"
        raise NoFix(message)
    above = method.prev_named_sibling
    while above is not None and "comment" in above.type and above.end_point[0] + 2 >= line:
        start = file.starts[file.number(above) - 1]
        if file.slice(start, above.start_byte).strip():
            break
        line, above = file.number(above), above.prev_named_sibling
    return file.starts[line - 1]


def _named(file: Parsed, node: Node) -> str:
    name = node.child_by_field_name("name")
    return file.text(name) if name is not None else ""


def _squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)
