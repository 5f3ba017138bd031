"""A small function that a fix adds to the file, once, however many fixes of the file need it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from daemon.domain.fix import Edit
from workers.fixers.code import Parsed
from workers.fixers.javascript.script import TYPED, semicolon
from workers.fixers.registry import NoFix

if TYPE_CHECKING:
    from tree_sitter import Node

_STRINGS = re.compile(r"(?<!/)'([^'\"\\\n]*)'")
_REQUIRED = re.compile(r"(?:const|let|var)\s[^;]*?=\s*require\(")


class Helper(msgspec.Struct, frozen=True):
    """What a candidate adds and declares for it."""

    edits: tuple[Edit, ...]
    declares: tuple[str, ...]


def helper(file: Parsed, source: str, *, typed: str) -> Helper:
    """The function in the file's own style, before its first statement that is no import.

    `source` is a whole `function NAME(…) {…}` with two blanks of indentation, single quotes and semicolons; `typed` is
    its parameters as TypeScript writes them, which may refuse those without a type.

    Raises:
        NoFix: the name means something else in the file, or no line is free for it.
    """
    name = source.removeprefix("function ").partition("(")[0]
    if file.path.endswith(TYPED):
        source = re.sub(r"\(.*?\) \{", lambda _: f"({typed}) {{", source, count=1)
    written = _styled(file, source)
    there = [node for node in file.of("function_declaration") if _named(file, node) == name]
    if any(_squeezed(file.text(node)) == _squeezed(written) for node in there):
        return Helper((), ())
    if there or re.search(rf"(?<![\w$.]){name}(?![\w$])".encode(), file.content):
        message = f"`{name}` already means something else in {file.path}"
        raise NoFix(message)
    first = first_statement(file)
    place = _place(file, first)
    line = file.line_of(place)
    gap = "\n" if line > 1 and file.line(line - 1).strip() else ""
    return Helper((file.insert(place, f"{gap}{written}\n\n"),), (f"insert:{file.number(first)}",))


def first_statement(file: Parsed) -> Node:
    """The first statement of the file that imports nothing and is no directive.

    Raises:
        NoFix: there is none.
    """
    for node in file.syntax.root.named_children:
        if node.type not in {"comment", "hash_bang_line", "import_statement"} and not _prepares(file, node):
            return node
    message = f"{file.path} has no statement that a function could stand before"
    raise NoFix(message)


def _prepares(file: Parsed, node: Node) -> bool:
    directive = node.type == "expression_statement" and node.named_children[0].type == "string"
    return directive or _REQUIRED.match(file.text(node)) is not None


def _place(file: Parsed, node: Node) -> int:
    """The start of the statement's line, or of the comment that stands right above it."""
    line = file.number(node)
    if file.starts[line - 1] != node.start_byte:
        message = f"{file.path}:{line} shares its line with other code"
        raise NoFix(message)
    above = node.prev_named_sibling
    while above is not None and above.type == "comment" and above.end_point[0] + 2 + _parted(file, above) >= line:
        if above.start_point[1] != 0:
            break
        line, above = file.number(above), above.prev_named_sibling
    return file.starts[line - 1]


def _parted(file: Parsed, comment: Node) -> int:
    """How many lines may part a comment from what it is about: one, unless it is a line, or the head of the file."""
    return int(file.text(comment).startswith("/*") and comment.prev_named_sibling is not None)


def _styled(file: Parsed, source: str) -> str:
    if file.content.count(b'"') > file.content.count(b"'"):
        source = _STRINGS.sub(r'"\1"', source)
    if not semicolon(file):
        source = re.sub(r";$", "", source, flags=re.MULTILINE)
    unit = file.indent_unit
    return re.sub(r"^(?: {2})+", lambda blanks: unit * (len(blanks[0]) // 2), source, flags=re.MULTILINE)


def _named(file: Parsed, node: Node) -> str:
    name = node.child_by_field_name("name")
    return file.text(name) if name is not None else ""


def _squeezed(text: str) -> str:
    return re.sub(r"[\s;]", "", text).replace('"', "'")
