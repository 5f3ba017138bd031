"""Prepared statements whose text is put together from strings all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Parsed, candidate, flagged_node, parsed
from workers.fixers.jvm.built_text import built
from workers.fixers.jvm.source import in_block, statement
from workers.fixers.jvm.strings import over_lines, template, written
from workers.fixers.jvm.value_type import as_marked
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.sql import bind
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_DECLARED = re.compile(r"(?:final\s+)?(?:[\w.]*PreparedStatement\s+)?(?P<name>\w+)\s*=\s*[\w.()]+$")


@fixer(
    name="java-prepared-text",
    weakness="SQL injection",
    cwes=(89,),
    rules={
        "semgrep": [
            "find-sql-string-concatenation",
            "formatted-sql-string",
            "tainted-sql-string",
            "tainted-sql-from-http-request",
            "jdbc-sqli",
        ]
    },
    explain="""`prepareStatement` only helps against SQL injection where the values stay out of its text: a value pasted
into it is read as SQL before anything is bound (CWE-89).

A `?` stands for each value in the text, and `setString` or `setObject` gives the value apart from it. Only values can
be given so: for the name of a table or a column choose from a fixed list of allowed names.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`prepareStatement("… '" + x + "'")` → `?`, and `setString` after it."""
    file, call = flagged_node(target, parsed(target, "java"), ("method_invocation",), _prepares)
    where = f"{file.path}:{file.number(call)}"
    given = call.child_by_field_name("arguments")
    made = built(file, call, given.named_children[0]) if given is not None else None
    line = template(file, made) if made is not None else None
    if made is None or line is None or not line.values:
        message = f"{where} prepares a text that is not surely put together here from text and values"
        raise NoFix(message)
    bound = as_marked(target, file, call, bind(line.parts, "?", where, written))
    name, place, indent = _place(file, call, where)
    lines = [f"{name}.{each};" for each in bound.calls]
    yield candidate(
        "bound-values",
        [file.replace(made, over_lines(file, made, bound.text)), _inserted(file, place, indent, lines)],
        "The driver sends the values apart from the text of the query, so nothing in them is read as SQL.",
        declares=_declares(file, made, call, place),
    )


def _declares(file: Parsed, made: Node, call: Node, place: Node) -> tuple[str, ...]:
    nodes = (statement(file, made.start_byte), statement(file, call.start_byte))
    return (*(f"statement:{file.number(node)}" for node in nodes), f"insert:{file.number(place)}")


def _place(file: Parsed, call: Node, where: str) -> tuple[str, Node, str]:
    """The prepared statement's name, the statement that follows, and its indentation.

    Raises:
        NoFix: it has no name, or nothing that follows on a line of its own.
    """
    resource = next((each for each in ancestors(call) if each.type == "resource"), None)
    holder = resource or statement(file, call.start_byte)
    found = _DECLARED.match(file.slice(holder.start_byte, call.start_byte) + _receiver(file, call))
    if resource is not None:
        tried = next(each for each in ancestors(resource) if each.type == "try_with_resources_statement")
        body = tried.child_by_field_name("body")
        following = body.named_children[0] if body is not None and body.named_children else None
        specification = resource.parent
        last = specification is not None and specification.named_children[-1] == resource
        following = following if last else None
    else:
        following = holder.next_named_sibling if in_block(holder) else None
    if found is None or following is None or holder.type not in _HOLDERS or not _alone(file, following):
        message = f"{where} gives its statement no name, or no line on which values could be set before it is used"
        raise NoFix(message)
    return found["name"], following, file.indent(file.number(following))


_HOLDERS = ("resource", "local_variable_declaration", "expression_statement")


def _receiver(file: Parsed, call: Node) -> str:
    name = call.child_by_field_name("name")
    return file.slice(call.start_byte, name.start_byte).rstrip(" .") if name is not None else ""


def _alone(file: Parsed, node: Node) -> bool:
    return not file.slice(file.starts[file.number(node) - 1], node.start_byte).strip()


def _inserted(file: Parsed, place: Node, indent: str, lines: list[str]) -> Edit:
    return file.insert(file.starts[file.number(place) - 1], "".join(f"{indent}{each}\n" for each in lines))


def _prepares(file: Parsed, call: Node) -> bool:
    name, given = call.child_by_field_name("name"), call.child_by_field_name("arguments")
    plain = given is not None and bool(given.named_children) and given.named_children[0].type != "string_literal"
    return plain and name is not None and file.text(name) == "prepareStatement"
