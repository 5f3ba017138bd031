"""SQL put together from strings in Node, for libraries whose parameter style is certain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Parsed, any_of, candidate, region
from workers.fixers.javascript.script import add_option, arguments, called, option, quote, script
from workers.fixers.javascript.strings import quoted, template, written
from workers.fixers.pieces import Template
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.sql import Bound, bind
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_MARKS = {"mysql": "?", "mysql2": "?", "mysql2/promise": "?", "sqlite3": "?", "better-sqlite3": "?", "pg": "$"}
_MARK = re.compile(r"(?P<counts>\b(?:limit|offset)\s+(?:\?\s*,\s*)?)?\?", re.IGNORECASE)
_NUMBER = re.compile(r"(?:Number|parseInt|Math\.\w+)\(.*\)|\+?\d+|[\w.]+\.length", re.DOTALL)
_MAY_BE_OBJECT = re.compile(r"(?:req|request|ctx\.request|ctx)\.(?:body|query)[.\[][\w.\[\]'\"]*")
_TEXTS = " What a request says may be an object, which mysql would write as a condition: it stays the text that it was."
_METHODS = ("query", "execute", "all", "get", "run", "each")


@fixer(
    name="javascript-sql-string",
    weakness="SQL injection",
    cwes=(89,),
    rules={
        "njsscan": ["node_sqli_injection", "node_knex_sqli_injection"],
        "semgrep": [
            "*sequelize-injection*",
            "sequelize-raw-query",
            "tainted-sql-string",
            "node-*-sqli*",
            "knex-sqli",
            "mysql-sqli",
            "pg-sqli",
            "sequelize-sqli",
        ],
    },
    explain="""A value pasted into SQL text is read as SQL: a quote in it ends the string, and what follows is a command
(CWE-89).

A bound parameter travels apart from the text, so nothing in it is ever parsed. mysql and sqlite3 write `?`, pg
writes `$1`. Sequelize knows two ways: `replacements` are escaped by Sequelize before it sends the text, `bind`
leaves them to the database. Only values can be bound: for the name of a table or a column choose from a fixed
list of allowed names.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A query built from values → the same query with parameters."""
    file, call, built = _flagged(target)
    line = template(file, built)
    if line is None or not line.values:
        message = f"{file.path}:{file.number(built)} builds its query in a form that is not surely text and values"
        raise NoFix(message)
    if _is_sequelize(file, call):
        yield from any_of(
            lambda: _sequelize(file, call, built, line, "replacements"),
            lambda: _sequelize(file, call, built, line, "bind"),
        )
        return
    yield _parameters(file, call, built, line)


def _flagged(target: Target) -> tuple[Parsed, Node, Node]:
    """The query at the region and its text, whichever of the two the scanner points to."""
    file, where = script(target), region(target)
    for call in file.of("call_expression"):
        if _queries(file, call):
            built = _built(file, call)
            ends = ((file.number(node), node.end_point[0] + 1) for node in (call, built))
            if any(where.overlaps(first, last) for first, last in ends):
                return file, call, built
    message = f"{file.path}:{where.start_line} does not hold the query that this rule is about"
    raise NoFix(message)


def _queries(file: Parsed, call: Node) -> bool:
    name = called(file, call)
    return "." in name and name.rpartition(".")[2] in _METHODS and bool(arguments(call)) and _looks_sql(file, call)


def _looks_sql(file: Parsed, call: Node) -> bool:
    try:
        text = file.text(_built(file, call))
    except NoFix:
        return False
    return bool(re.match(r"[('\"`\s]*(?:select|insert|update|delete|with|replace)\b", text, re.IGNORECASE))


def _built(file: Parsed, call: Node) -> Node:
    """The query's text: the first argument, or the only value of the variable that it names."""
    first = arguments(call)[0]
    if first.type != "identifier":
        return first
    same = _same(file, first)
    holders = [node.parent for node in same if node.parent is not None and node.parent.type == "variable_declarator"]
    value = holders[0].child_by_field_name("value") if len(holders) == 1 else None
    if value is None or len(same) != 2 or _block(value) != _block(call):
        message = (
            f"{file.path}:{file.number(call)} builds its query in several places: bind its values where they are added"
        )
        raise NoFix(message)
    return value


def _same(file: Parsed, name: Node) -> list[Node]:
    """Where the name stands: in the function that makes it, or in the whole file where none does."""
    every = [node for node in file.of("identifier") if file.text(node) == file.text(name)]
    around = next((each for each in ancestors(name) if each.child_by_field_name("body") is not None), None)
    own = [node for node in every if around is None or around.start_byte <= node.start_byte < around.end_byte]
    made = any(node.parent is not None and node.parent.type == "variable_declarator" for node in own)
    return own if made else every


def _block(node: Node) -> tuple[int, int]:
    current: Node | None = node
    while current is not None and current.type not in {"statement_block", "program"}:
        current = current.parent
    return (current.start_byte, current.end_byte) if current is not None else (0, 0)


def _is_sequelize(file: Parsed, call: Node) -> bool:
    name = called(file, call)
    return name.lower().endswith("sequelize.query") or (
        name.endswith(".query") and re.search(rb"['\"]sequelize['\"]", file.content) is not None
    )


def _bound(file: Parsed, built: Node, line: Template, style: str) -> Bound:
    """The query with marks, where each row count is a number: MySQL is given a text in quotes, and refuses that.

    Raises:
        NoFix: one may be a text, or no mark can stand where a value does.
    """
    where = f"{file.path}:{file.number(built)}"
    bound = bind(line.parts, style, where, written)
    marks = [match["counts"] for match in _MARK.finditer(bound.text)] if style == "?" else []
    for counts, value in zip(marks, bound.values, strict=False):
        if counts and not _NUMBER.fullmatch(value):
            message = f"{where} counts rows by `{value}`, which may be a text: make it a number first"
            raise NoFix(message)
    return bound


def _sequelize(file: Parsed, call: Node, built: Node, line: Template, way: str) -> Candidate:
    bound = _bound(file, built, line, "?" if way == "replacements" else "$")
    text = quoted(bound.text, quote(file))
    edits = _beside(file, call, built, text, f"{way}: [{', '.join(bound.values)}]")
    return candidate(
        way,
        edits,
        "The values travel apart from the text of the query, so nothing in them is read as SQL.",
        declares=tuple(f"statement:{_begins(file, node)}" for node in (built, call)),
    )


def _beside(file: Parsed, call: Node, built: Node, text: str, values: str) -> list[Edit]:
    """The query's text and, in the options, its values."""
    first, *rest = arguments(call)
    if not rest:
        options = f", {{ {values} }}"
        if built == first:
            return [file.replace(built, text + options)]
        return [file.replace(built, text), file.insert(first.end_byte, options)]
    options_node = rest[0]
    if (
        options_node.type != "object"
        or option(file, options_node, "replacements")
        or option(file, options_node, "bind")
    ):
        message = f"{file.path}:{file.number(call)} passes options from elsewhere: add the values to them there"
        raise NoFix(message)
    return [file.replace(built, text), add_option(file, options_node, values)]


def _parameters(file: Parsed, call: Node, built: Node, line: Template) -> Candidate:
    source = file.content.decode()
    drivers = [name for name in _MARKS if re.search(rf"['\"]{re.escape(name)}['\"]", source)]
    styles = {_MARKS[name] for name in drivers}
    if len(styles) != 1:
        message = (
            f"{file.path} does not show which one database driver runs its queries, and each marks parameters its way"
        )
        raise NoFix(message)
    bound = _bound(file, built, line, styles.pop())
    given = arguments(call)
    if len(given) > 1 and given[1].type not in {"arrow_function", "function_expression", "identifier", "function"}:
        message = f"{file.path}:{file.number(call)} passes parameters already: add the pasted values to them"
        raise NoFix(message)
    writes_objects = any(name.startswith("mysql") for name in drivers)
    made = [f"String({each})" if writes_objects and _MAY_BE_OBJECT.fullmatch(each) else each for each in bound.values]
    values = f", [{', '.join(made)}]"
    text = quoted(bound.text, quote(file))
    if built == given[0]:
        edits = [file.replace(built, text + values)]
    else:
        edits = [file.replace(built, text), file.insert(given[0].end_byte, values)]
    return candidate(
        "bound-parameters",
        edits,
        "The driver sends the values apart from the text of the query, so nothing in them is read as SQL."
        + (_TEXTS if tuple(made) != tuple(bound.values) else ""),
        declares=tuple(f"statement:{_begins(file, node)}" for node in (built, call)),
    )


def _begins(file: Parsed, node: Node) -> int:
    """The line where the statement around the node begins."""
    while node.parent is not None and not node.type.endswith(("_statement", "_declaration")):
        node = node.parent
    return file.number(node)
