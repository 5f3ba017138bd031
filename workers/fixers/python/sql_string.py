"""SQL put together from strings, for drivers whose parameter style is certain."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Sequence

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import any_of, candidate, region
from workers.fixers.pieces import Template
from workers.fixers.python.source.imports import Import, imported_from
from workers.fixers.python.source.module import Module, module
from workers.fixers.python.source.repository import InRepository
from workers.fixers.python.source.strings import f_string, template, written_like
from workers.fixers.python.sql.driver import refuse_names
from workers.fixers.python.sql.given import beside
from workers.fixers.python.sql.pieces import only_fixed
from workers.fixers.python.sql.query import Query, is_bound, query_at
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.fixers.sql import Bound, bind, quoted_as_texts
from workers.fixers.test_code import harmless_in_tests

_NO_TEXT_NAME = re.compile(r"(?:^|_|\.)(?:uuid|guid)$|^uuid\.|\buuid[145]\(", re.IGNORECASE)
_NO_TEXT = re.compile(r"\b(?:int|float|Decimal|UUID|Path|\w*Enum)\b")
_WITHOUT_PARAMETERS = ("alembic.op.execute",)
"""Calls that take a statement and no parameters beside it."""


@fixer(
    name="python-sql-string",
    weakness="SQL injection",
    cwes=(89,),
    rules={
        "bandit": ["B608"],
        "semgrep": [
            "formatted-sql-query",
            "sqlalchemy-execute-raw-query",
            "tainted-sql-string",
            "*-sqli",
            "avoid-raw-sql",
            "sql-injection-db-cursor-execute",
            "sql-injection-using-db-cursor-execute",
            "sql-injection-using-raw",
            "sql-injection-using-rawsql",
            "avoid-sqlalchemy-text",
        ],
    },
    explain="""A value pasted into SQL text is read as SQL: a quote in it ends the string, and what follows is a
command (CWE-89).

A bound parameter travels apart from the text, so nothing in it is ever parsed. Each driver has its own mark: `?` for
sqlite3, `%s` for psycopg, PyMySQL and Django, `$1` for asyncpg, `:name` for SQLAlchemy's `text()`. Positional marks
suit one or two values; named ones stay readable with more. Only values can be bound: for the name of a table or a
column choose from a fixed list of allowed names.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A query built from values → the same query with bound parameters."""
    file = module(target)
    where = region(target).start_line
    if only_fixed(InRepository(file, target.tree), where):
        message = (
            f"{file.path}:{where} pastes only what this code itself fixes: parameter marks, numbers, quoted names, or "
            "literals; nothing in it comes from outside"
        )
        raise Harmless(message)
    if is_bound(file, where):
        message = f"{file.path}:{where} runs a text that is fixed, with its values bound apart from it"
        raise Harmless(message)
    with harmless_in_tests(target, "what is pasted into the SQL is what the test itself makes up"):
        yield from _bound_query(target, file, where)


def _bound_query(target: Target, file: Module, where: int) -> Iterator[Candidate]:
    query = query_at(file, where)
    line = template(file, query.built)
    if line is None or not line.values:
        message = f"{file.path}:{query.built.lineno} builds its query in a form that is not surely text and values"
        raise NoFix(message)
    if query.style == ":":
        bound = _bound(file, query, line, "named")
        ways = [True] if file.qualified(query.call.func) in _WITHOUT_PARAMETERS else [False, True]
        yield from any_of(
            *(functools.partial(_sqlalchemy, target, file, query, bound, chained=chained) for chained in ways)
        )
        return
    if query.style == "$":
        yield _numbered(file, query, _bound(file, query, line, "$"))
        return
    named = "named" if query.style == "?" else "pyformat"
    yield from any_of(
        lambda: _positional(file, query, _bound(file, query, line, query.style)),
        lambda: _named(target, file, query, _bound(file, query, line, named)),
    )


def _bound(file: Module, query: Query, line: Template, style: str) -> Bound:
    place = f"{file.path}:{query.built.lineno}"
    parts = beside(line.parts, query.style, [file.text(each) for each in query.given], place)
    parts = quoted_as_texts(parts, lambda value: value.converted or _is_no_text(file, query, value.source))
    bound = bind(parts, style, place, f_string)
    return msgspec.structs.replace(bound, text=written_like(file.text(query.built), bound.text))


def _is_no_text(file: Module, query: Query, source: str) -> bool:
    """Whether the value is one that a driver may not take, or that the database would not compare with a text."""
    if _NO_TEXT_NAME.search(source):
        return True
    function = file.function(query.built)
    given = [each for each in ast.walk(function.args) if isinstance(each, ast.arg)] if function is not None else []
    kinds = (ast.unparse(each.annotation) for each in given if each.arg == source and each.annotation is not None)
    return any(_NO_TEXT.search(kind) for kind in kinds)


def _mapping(bound: Bound) -> str:
    pairs = dict(zip(bound.names, bound.values, strict=True))
    return "{" + ", ".join(f'"{name}": {value}' for name, value in pairs.items()) + "}"


def _candidate(
    file: Module,
    query: Query,
    approach: str,
    edits: Sequence[Edit],
    words: str,
    declares: Sequence[str] = (),
    warnings: Sequence[str] = (),
) -> Candidate:
    lines = {file.statement(query.call).lineno, file.statement(query.built).lineno}
    declared = (*declares, *(f"statement:{line}" for line in sorted(lines)))
    return candidate(approach, edits, words, declares=declared, warnings=warnings)


def _positional(file: Module, query: Query, bound: Bound) -> Candidate:
    values = ", ".join(bound.values) + ("," if len(bound.values) == 1 else "")
    return _candidate(
        file,
        query,
        "positional-parameters",
        _edits(file, query, bound.text, f", ({values})"),
        "The driver sends the values apart from the text, in the order of their marks.",
    )


def _numbered(file: Module, query: Query, bound: Bound) -> Candidate:
    return _candidate(
        file,
        query,
        "numbered-parameters",
        _edits(file, query, bound.text, f", {', '.join(bound.values)}"),
        "The server gets the values apart from the text; each mark says by its number which one it takes.",
        warnings=("asyncpg wants each value in the Python type of its column: a text that holds a number is refused.",),
    )


def _named(target: Target, file: Module, query: Query, bound: Bound) -> Candidate:
    refuse_names(target.tree, file, query.call, query.style)
    return _candidate(
        file,
        query,
        "named-parameters",
        _edits(file, query, bound.text, f", {_mapping(bound)}"),
        "The driver sends the values apart from the text; each mark names its value.",
    )


def _edits(file: Module, query: Query, text: str, parameters: str) -> list[Edit]:
    argument = query.call.args[0]
    start, end = file.span(argument)
    last = file.span(query.call.args[-1])[1]
    if argument is query.built:
        return [file.edit(start, last, text + parameters)]
    return [file.replace(query.built, text), file.edit(end, last, parameters)]


def _text(target: Target, file: Module) -> Import:
    """`text` by the name that the file has for it or for its package, else imported."""
    local = next((name for name, meaning in file.aliases.items() if meaning == "sqlalchemy"), None)
    taken = local is None or local in file.bound_at(region(target).start_line)
    named = any(meaning in ("sqlalchemy.text", "sqlalchemy.sql.text") for meaning in file.aliases.values())
    if taken or named:
        return imported_from(target, file, "sqlalchemy", "text")
    return Import(f"{local}.text")


def _sqlalchemy(target: Target, file: Module, query: Query, bound: Bound, *, chained: bool) -> Candidate:
    """`text()` with its parameters beside it, or bound to it."""
    argument = query.call.args[0]
    wrapped = isinstance(argument, ast.Call) and argument is not query.built
    text = Import("text") if wrapped else _text(target, file)
    keywords = ", ".join(f"{name}={value}" for name, value in zip(bound.names, bound.values, strict=True))
    after = f".bindparams({keywords})" if chained else f", {_mapping(bound)}"
    whole = f"{text.name}({bound.text}){after}"
    if wrapped and isinstance(argument, ast.Call) and argument.args[0] is query.built:
        edits = [file.edit(*file.span(argument), f"{file.text(argument.func)}({bound.text}){after}")]
    elif argument is query.built:
        edits = [file.replace(argument, whole)]
    else:
        name = file.text(argument)
        now = f"{name}{after}" if wrapped else f"{text.name}({name}){after}"
        edits = [file.replace(query.built, bound.text), file.replace(argument, now)]
    return _candidate(
        file,
        query,
        "bound-to-text" if chained else "named-parameters",
        [*edits, *text.edits],
        "SQLAlchemy sends the values apart from the text, in whatever form the database's driver wants.",
        text.declares,
    )
