"""The calls of JDBC that run a query, and the text that they run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from workers.fixers.code import Parsed, region
from workers.fixers.jvm.built_text import built
from workers.fixers.jvm.source import statement
from workers.fixers.registry import NoFix, Target

if TYPE_CHECKING:
    from tree_sitter import Node

_METHODS = ("executeQuery", "executeUpdate", "execute", "executeLargeUpdate")
_CHAINED = re.compile(r"(?P<connection>[\w.]+(?:\(\))?)\s*\.createStatement\(\s*\)")
_PLAIN = ("expression_statement", "local_variable_declaration", "return_statement")


class Query(msgspec.Struct, frozen=True):
    """A call that runs a query, its receiver's name, and the expression that builds the query."""

    call: Node
    receiver: str
    built: Node
    holder: Node
    """The statement around the call."""
    connection: str | None
    """What makes the statement in the same expression, `connection.createStatement().executeQuery(…)`."""


def asked(target: Target, file: Parsed) -> Query:
    """The call at the flagged lines.

    Raises:
        NoFix: there is none, or its text is put together in several places.
    """
    where = region(target)
    for call in file.of("method_invocation"):
        query = _of_call(file, call)
        if query is None:
            continue
        ends = ((file.number(node), node.end_point[0] + 1) for node in (call, query.built))
        if any(where.overlaps(first, last) for first, last in ends):
            return query
    message = f"{file.path}:{where.start_line} does not show a JDBC statement that runs a query built in one place"
    raise NoFix(message)


def _of_call(file: Parsed, call: Node) -> Query | None:
    name, receiver = call.child_by_field_name("name"), call.child_by_field_name("object")
    given = call.child_by_field_name("arguments")
    if name is None or receiver is None or given is None or file.text(name) not in _METHODS:
        return None
    chained = _CHAINED.fullmatch(file.text(receiver))
    if (receiver.type != "identifier" and not chained) or len(given.named_children) != 1:
        return None
    made = built(file, call, given.named_children[0])
    holder = statement(file, call.start_byte)
    if made is None or holder.type not in _PLAIN or _inside_resource(call):
        return None
    return Query(call, file.text(receiver), made, holder, chained["connection"] if chained else None)


def _inside_resource(node: Node) -> bool:
    current: Node | None = node
    while current is not None and not current.type.endswith(("_statement", "_declaration")):
        if current.type in {"resource", "lambda_expression"}:
            return True
        current = current.parent
    return False
