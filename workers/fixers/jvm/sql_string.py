"""SQL put together from strings and run through JDBC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Parsed, candidate, parsed, region
from workers.fixers.jvm.source import in_block, statement
from workers.fixers.jvm.strings import quoted, template, written
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.sql import Bound, bind

if TYPE_CHECKING:
    from tree_sitter import Node

_METHODS = ("executeQuery", "executeUpdate", "execute", "executeLargeUpdate")
_CHAINED = re.compile(r"(?P<connection>[\w.]+(?:\(\))?)\s*\.createStatement\(\s*\)")
_PLAIN = ("expression_statement", "local_variable_declaration", "return_statement")


class _Query(msgspec.Struct, frozen=True):
    """A call that runs a query, its receiver's name, and the expression that builds the query."""

    call: Node
    receiver: str
    built: Node
    holder: Node
    """The statement around the call."""
    connection: str | None
    """What makes the statement in the same expression, `connection.createStatement().executeQuery(…)`."""


@fixer(
    name="java-sql-string",
    weakness="SQL injection",
    cwes=(89,),
    rules={
        "semgrep": ["jdbc-sqli", "formatted-sql-string", "tainted-sql-string", "tainted-sql-from-http-request"],
        "mobsfscan": ["jdbc_sqli"],
    },
    explain="""A value pasted into SQL text is read as SQL: a quote in it ends the string, and what follows is a command
(CWE-89).

A `PreparedStatement` sends the text with `?` marks, and the values apart from it, so nothing in them is ever parsed.
`setString` is for text; `setObject` lets the driver choose by the value's class. Only values can be bound: for the name
of a table or a column choose from a fixed list of allowed names.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A `Statement` with a built query → a `PreparedStatement` with parameters."""
    file = parsed(target, "java")
    query = _query(target, file)
    line = template(file, query.built)
    if line is None or not line.values:
        message = (
            f"{file.path}:{file.number(query.built)} builds its query in a form that is not surely text and values"
        )
        raise NoFix(message)
    bound = bind(line.parts, "?", f"{file.path}:{file.number(query.built)}", written)
    if query.connection is not None:
        yield _alone(file, query, bound, query.connection)
        return
    try:
        yield _in_place(file, query, bound)
    except NoFix:
        yield _beside(file, query, bound)


def _query(target: Target, file: Parsed) -> _Query:
    where = region(target)
    for call in file.of("method_invocation"):
        query = _of_call(file, call)
        if query is None:
            continue
        ends = ((file.number(node), node.end_point[0] + 1) for node in (call, query.built))
        if any(first <= where.last_line and where.start_line <= last for first, last in ends):
            return query
    message = f"{file.path}:{where.start_line} does not show a JDBC statement that runs a query built in one place"
    raise NoFix(message)


def _of_call(file: Parsed, call: Node) -> _Query | None:
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
    return _Query(call, file.text(receiver), made, holder, chained["connection"] if chained else None)


def _inside_resource(node: Node) -> bool:
    current: Node | None = node
    while current is not None and not current.type.endswith(("_statement", "_declaration")):
        if current.type in {"resource", "lambda_expression"}:
            return True
        current = current.parent
    return False


def built(file: Parsed, call: Node, argument: Node) -> Node | None:
    """The argument, or the only value of the local variable that it names."""
    if argument.type != "identifier":
        return argument
    name = file.text(argument)
    method = _method(call)
    uses = [node for node in file.of("identifier") if file.text(node) == name and _method(node) == method]
    declarators = [
        node.parent for node in uses if node.parent is not None and node.parent.type == "variable_declarator"
    ]
    return declarators[0].child_by_field_name("value") if len(declarators) == 1 and len(uses) == 2 else None


def _method(node: Node) -> tuple[int, int]:
    current: Node | None = node
    while current is not None and current.type not in {
        "method_declaration",
        "constructor_declaration",
        "lambda_expression",
    }:
        current = current.parent
    return (current.start_byte, current.end_byte) if current is not None else (0, 0)


def _declaration(file: Parsed, query: _Query) -> tuple[Node, str]:
    """`Statement NAME = CONNECTION.createStatement();` in the same block, and its connection."""
    for node in file.of("local_variable_declaration"):
        found = re.fullmatch(
            rf"(?:java\.sql\.)?Statement\s+{query.receiver}\s*=\s*(?P<connection>[\w.]+(?:\(\))?)\.createStatement\(\s*\)\s*;",
            file.text(node),
        )
        if found and node.parent == query.holder.parent and _method(node) == _method(query.call):
            return node, found["connection"]
    message = f"{file.path}:{file.number(query.call)} does not make its statement in the same block"
    raise NoFix(message)


def _in_place(file: Parsed, query: _Query, bound: Bound) -> Candidate:
    """The statement is made for this one query: it becomes the prepared one."""
    declaration, connection = _declaration(file, query)
    uses = [
        node
        for node in file.of("identifier")
        if file.text(node) == query.receiver and _method(node) == _method(query.call)
    ]
    others = [node for node in uses if not _closes(file, node)]
    if len(others) != 2:
        message = f"{file.path}:{file.number(query.call)} runs more than one query on its statement"
        raise NoFix(message)
    line = file.number(declaration)
    whole = file.line(line).strip() == file.text(declaration).encode()
    if not whole or line >= len(file.starts):
        message = f"{file.path}:{line} shares its line with other code"
        raise NoFix(message)
    removed = file.edit(file.starts[line - 1], file.starts[line], "")
    return _candidate(
        file, query, bound, connection, query.receiver, "prepared-statement", [removed], (f"statement:{line}/delete",)
    )


def _alone(file: Parsed, query: _Query, bound: Bound, connection: str) -> Candidate:
    """The statement is made where it runs: it gets a line of its own."""
    name = "prepared"
    if any(file.text(node) == name for node in file.of("identifier") if _method(node) == _method(query.call)):
        message = f"{file.path} has a variable called {name} already"
        raise NoFix(message)
    return _candidate(file, query, bound, connection, name, "prepared-statement", [], ())


def _beside(file: Parsed, query: _Query, bound: Bound) -> Candidate:
    """A prepared statement of its own, beside one that runs other queries too."""
    name = "prepared"
    if any(file.text(node) == name for node in file.of("identifier")):
        message = f"{file.path} has a variable called {name} already"
        raise NoFix(message)
    return _candidate(file, query, bound, f"{query.receiver}.getConnection()", name, "own-prepared-statement", [], ())


def _closes(file: Parsed, node: Node) -> bool:
    parent = node.parent
    return parent is not None and file.text(parent) == f"{file.text(node)}.close()"


def _candidate(
    file: Parsed,
    query: _Query,
    bound: Bound,
    connection: str,
    name: str,
    approach: str,
    edits: list[Edit],
    declares: tuple[str, ...],
) -> Candidate:
    line = file.number(query.holder)
    start = file.starts[line - 1]
    indent = file.slice(start, query.holder.start_byte)
    given = query.call.child_by_field_name("arguments")
    receiver = query.call.child_by_field_name("object")
    if indent.strip() or given is None or receiver is None or not in_block(query.holder):
        message = f"{file.path}:{line} shares its line with other code"
        raise NoFix(message)
    separate = query.built.parent != given
    text = file.text(given.named_children[0]) if separate else quoted(bound.text)
    kind = "PreparedStatement" if _imports_prepared(file) else "java.sql.PreparedStatement"
    lines = [f"{kind} {name} = {connection}.prepareStatement({text});"]
    lines += [f"{name}.{setter(file, value)}({index}, {value});" for index, value in enumerate(bound.values, start=1)]
    added = [
        *edits,
        file.insert(start, "".join(f"{indent}{each}\n" for each in lines)),
        file.replace(given, "()"),
    ]
    if separate:
        added.append(file.replace(query.built, quoted(bound.text)))
    if file.text(receiver) != name:
        added.append(file.replace(receiver, name))
    began = file.number(statement(file, query.built.start_byte))
    return candidate(
        approach,
        added,
        "The driver sends the values apart from the text of the query, so nothing in them is read as SQL.",
        declares=(
            f"statement:{line}",
            f"insert:{line}",
            f"statement:{began}",
            *declares,
        ),
    )


def _imports_prepared(file: Parsed) -> bool:
    return re.search(rb"^\s*import\s+java\.sql\.(?:\*|PreparedStatement)\s*;", file.content, re.MULTILINE) is not None


def setter(file: Parsed, value: str) -> str:
    """`setString` for what is surely text; the driver chooses for the rest."""
    text = re.search(r"\"|\.getParameter\(|\.toString\(\)", value) is not None
    declared = value.isidentifier() and re.search(rf"\bString\s+{value}\b", file.content.decode()) is not None
    return "setString" if text or declared else "setObject"
