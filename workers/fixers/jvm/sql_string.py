"""SQL put together from strings and run through JDBC."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Parsed, candidate, parsed
from workers.fixers.jvm.built_text import method_of
from workers.fixers.jvm.jdbc_query import Query, asked
from workers.fixers.jvm.source import in_block, statement
from workers.fixers.jvm.strings import over_lines, template, written
from workers.fixers.jvm.value_type import Marked, as_marked
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.sql import bind

if TYPE_CHECKING:
    from tree_sitter import Node


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
    query = asked(target, file)
    line = template(file, query.built)
    if line is None or not line.values:
        message = (
            f"{file.path}:{file.number(query.built)} builds its query in a form that is not surely text and values"
        )
        raise NoFix(message)
    place = f"{file.path}:{file.number(query.built)}"
    bound = as_marked(target, file, query.call, bind(line.parts, "?", place, written))
    if query.connection is not None:
        yield _alone(file, query, bound, query.connection)
        return
    for make in (_in_place, _assigned):
        with contextlib.suppress(NoFix):
            yield make(file, query, bound)
            return
    yield _beside(file, query, bound)


def _declaration(file: Parsed, query: Query) -> tuple[Node, str]:
    """`Statement NAME = CONNECTION.createStatement();` in the same block, and its connection."""
    for node in file.of("local_variable_declaration"):
        found = re.fullmatch(
            rf"(?:java\.sql\.)?Statement\s+{query.receiver}\s*=\s*(?P<connection>[\w.]+(?:\(\))?)\.createStatement\(\s*\)\s*;",
            file.text(node),
        )
        if found and node.parent == query.holder.parent and method_of(node) == method_of(query.call):
            return node, found["connection"]
    message = f"{file.path}:{file.number(query.call)} does not make its statement in the same block"
    raise NoFix(message)


def _in_place(file: Parsed, query: Query, bound: Marked) -> Candidate:
    """The statement is made for this one query: it becomes the prepared one."""
    declaration, connection = _declaration(file, query)
    uses = [
        node
        for node in file.of("identifier")
        if file.text(node) == query.receiver and method_of(node) == method_of(query.call)
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


def _assigned(file: Parsed, query: Query, bound: Marked) -> Candidate:
    """The statement is made for this one query, into a variable that is closed at the end of a larger block."""
    made = re.compile(rf"{query.receiver}\s*=\s*(?P<connection>[\w.]+(?:\(\))?)\.createStatement\(\s*\)\s*;")
    block = query.holder.parent
    before = [
        each for each in (block.named_children if block is not None else ()) if each.end_byte <= query.holder.start_byte
    ]
    found = [(each, match) for each in before if (match := made.fullmatch(file.text(each)))]
    around = method_of(query.call)
    uses = [node for node in file.of("identifier") if file.text(node) == query.receiver and method_of(node) == around]
    others = [node for node in uses if not _closes(file, node) and not _is_looked_at(node)]
    line = file.number(found[0][0]) if found else 0
    own_line = found and file.line(line).strip() == file.text(found[0][0]).encode() and line < len(file.starts)
    if len(found) != 1 or len(others) != 3 or not own_line or b" prepared " in file.content:
        message = f"{file.path}:{file.number(query.call)} runs more than one query on its statement"
        raise NoFix(message)
    removed = file.edit(file.starts[line - 1], file.starts[line], "")
    return _candidate(
        file,
        query,
        bound,
        found[0][1]["connection"],
        "prepared",
        "prepared-statement",
        [removed],
        (f"statement:{line}/delete",),
        kept=query.receiver,
    )


def _is_looked_at(node: Node) -> bool:
    """Whether it is compared with `null`."""
    parent = node.parent
    return (
        parent is not None
        and parent.type == "binary_expression"
        and any(each.type == "null_literal" for each in parent.named_children)
    )


def _alone(file: Parsed, query: Query, bound: Marked, connection: str) -> Candidate:
    """The statement is made where it runs: it gets a line of its own."""
    name = "prepared"
    if any(file.text(node) == name for node in file.of("identifier") if method_of(node) == method_of(query.call)):
        message = f"{file.path} has a variable called {name} already"
        raise NoFix(message)
    return _candidate(file, query, bound, connection, name, "prepared-statement", [], ())


def _beside(file: Parsed, query: Query, bound: Marked) -> Candidate:
    """A prepared statement of its own, beside one that runs other queries too."""
    name = "prepared"
    if any(file.text(node) == name for node in file.of("identifier")):
        message = f"{file.path} has a variable called {name} already"
        raise NoFix(message)
    connection, end = f"{query.receiver}.getConnection()", file.line_of(query.holder.end_byte)
    if query.holder.type == "expression_statement" and query.holder.named_children[0] == query.call:
        indent = file.indent(file.number(query.holder))
        closed = [file.insert(file.starts[end], f"{indent}{name}.close();\n")] if end < len(file.starts) else []
        return _candidate(file, query, bound, connection, name, "own-prepared-statement", closed, ())
    _refuse_left_open(file, query)
    return _candidate(file, query, bound, connection, name, "own-prepared-statement", [], ())


def _refuse_left_open(file: Parsed, query: Query) -> None:
    """Raise where the method does not close the connection, and with it all that was made of it.

    Raises:
        NoFix: it does not.
    """
    start, end = method_of(query.call)
    made = re.search(rf"\b{query.receiver}\s*=\s*(?P<connection>\w+)\.createStatement\(", file.slice(start, end))
    if made is None or not re.search(rf"\b{made['connection']}\.close\(", file.slice(start, end)):
        message = (
            f"{file.path}:{file.number(query.call)} runs more queries on its statement, and does not show where one of "
            "its own could be closed"
        )
        raise NoFix(message)


def _closes(file: Parsed, node: Node) -> bool:
    parent = node.parent
    return parent is not None and file.text(parent) == f"{file.text(node)}.close()"


def _candidate(
    file: Parsed,
    query: Query,
    bound: Marked,
    connection: str,
    name: str,
    approach: str,
    edits: list[Edit],
    declares: tuple[str, ...],
    *,
    kept: str = "",
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
    text = file.text(given.named_children[0]) if separate else over_lines(file, query.built, bound.text)
    kind = "PreparedStatement" if _imports_prepared(file) else "java.sql.PreparedStatement"
    lines = [f"{kind} {name} = {connection}.prepareStatement({text});"]
    lines += [f"{kept} = {name};"] if kept else []
    lines += [f"{name}.{call};" for call in bound.calls]
    added = [
        *edits,
        file.insert(start, "".join(f"{indent}{each}\n" for each in lines)),
        file.replace(given, "()"),
    ]
    if separate:
        added.append(file.replace(query.built, over_lines(file, query.built, bound.text)))
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
