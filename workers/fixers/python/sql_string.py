"""SQL put together from strings, for drivers whose parameter style is certain."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import any_of, candidate, region
from workers.fixers.pieces import Template
from workers.fixers.python.imports import Import, imported_from
from workers.fixers.python.module import Module, module
from workers.fixers.python.sql_pieces import only_fixed
from workers.fixers.python.strings import f_string, literal, template
from workers.fixers.python.variables import definitions
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.fixers.sql import Bound, bind

_EXECUTE = ("execute", "mogrify", "raw")
_STYLES = {
    "sqlite3": "?",
    "aiosqlite": "?",
    "psycopg2": "%s",
    "psycopg": "%s",
    "pymysql": "%s",
    "MySQLdb": "%s",
    "mysql": "%s",
    "aiomysql": "%s",
    "aiopg": "%s",
    "pymssql": "%s",
    "django": "%s",
    "sqlalchemy": ":",
    "flask_sqlalchemy": ":",
}
_STRING = (ast.JoinedStr, ast.BinOp, ast.Call)


class _Query(msgspec.Struct, frozen=True):
    """Where a query is built and where it is run."""

    call: ast.Call
    built: ast.expr
    style: str


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
        ],
    },
    explain="""A value pasted into SQL text is read as SQL: a quote in it ends the string, and what follows is a
command (CWE-89).

A bound parameter travels apart from the text, so nothing in it is ever parsed. Each driver has its own mark: `?` for
sqlite3, `%s` for psycopg, PyMySQL and Django, `:name` for SQLAlchemy's `text()`. Positional marks suit one or two
values; named ones stay readable with more. Only values can be bound: for the name of a table or a column choose from
a fixed list of allowed names.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A query built from values → the same query with bound parameters."""
    file = module(target)
    where = region(target).start_line
    if only_fixed(file, where):
        message = (
            f"{file.path}:{where} pastes only what this code itself fixes: parameter marks, numbers, quoted names, or "
            "literals; nothing in it comes from outside"
        )
        raise Harmless(message)
    query = _query(file, where)
    line = template(file, query.built)
    if line is None or not line.values:
        message = f"{file.path}:{query.built.lineno} builds its query in a form that is not surely text and values"
        raise NoFix(message)
    if query.style == ":":
        bound = _bound(file, query, line, "named")
        yield from any_of(
            lambda: _sqlalchemy(target, file, query, bound, chained=False),
            lambda: _sqlalchemy(target, file, query, bound, chained=True),
        )
        return
    named = "named" if query.style == "?" else "pyformat"
    yield from any_of(
        lambda: _positional(file, query, _bound(file, query, line, query.style)),
        lambda: _named(file, query, _bound(file, query, line, named)),
    )


def _bound(file: Module, query: _Query, line: Template, style: str) -> Bound:
    bound = bind(line.parts, style, f"{file.path}:{query.built.lineno}", f_string)
    return msgspec.structs.replace(bound, text=_written(file.text(query.built), bound.text))


def _written(source: str, text: str) -> str:
    """The SQL as a literal, over several lines where it was written so."""
    quotes = next((each for each in ('"""', "'''") if each in source), None)
    if quotes is None or quotes in text or "\\" in text or text.endswith(quotes[0]):
        return literal(text)
    return f"{quotes}{text}{quotes}"


def _mapping(bound: Bound) -> str:
    pairs = dict(zip(bound.names, bound.values, strict=True))
    return "{" + ", ".join(f'"{name}": {value}' for name, value in pairs.items()) + "}"


def _query(file: Module, line: int) -> _Query:
    """The one `execute` call that runs the string built at this line."""
    calls = [node for node in file.nodes if isinstance(node, ast.Call) and _executes(node)]
    for call in calls:
        built = _built(file, call)
        if built is not None and _covers(built, line) | _covers(call, line):
            if len(call.args) != 1 or call.keywords:
                message = f"{file.path}:{call.lineno} passes parameters already: add the pasted values to them"
                raise NoFix(message)
            return _Query(call, built, _style(file))
    message = (
        f"{file.path}:{line} builds SQL, but the call that runs it is not certain: bind its values where it is run"
    )
    raise NoFix(message)


def _executes(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in _EXECUTE and bool(call.args)


def _built(file: Module, call: ast.Call) -> ast.expr | None:
    """The string expression that the call runs: its argument, or the only value of the variable that it names."""
    argument = call.args[0]
    if (
        file.calls(argument, "sqlalchemy.text", "sqlalchemy.sql.text")
        and isinstance(argument, ast.Call)
        and argument.args
    ):
        argument = argument.args[0]
    if isinstance(argument, _STRING):
        return argument
    if not isinstance(argument, ast.Name):
        return None
    bound = definitions(file, argument)
    if bound is not None and len(bound) == 1 and _straight(file, bound[0], call):
        return bound[0].value
    return None


def _straight(file: Module, assignment: ast.Assign, call: ast.Call) -> bool:
    """Whether the call surely runs what this assignment built, its values being unchanged in between."""
    block = file.parents[assignment]
    if not any(parent is block for parent in file.ancestors(call)) or assignment.lineno >= call.lineno:
        return False
    names = {node.id for node in ast.walk(assignment.value) if isinstance(node, ast.Name)}
    between = [
        node
        for node in ast.walk(block)
        if isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Store)
        and node.id in names
        and assignment.lineno < node.lineno <= call.lineno
    ]
    loop = any(isinstance(each, ast.For | ast.While) and each is not block for each in _up_to(file, call, block))
    calls = any(isinstance(node, ast.Call) for node in ast.walk(assignment.value) if not _formats(node))
    return not between and not loop and not calls


def _up_to(file: Module, node: ast.AST, block: ast.AST) -> Iterator[ast.AST]:
    for parent in file.ancestors(node):
        if parent is block:
            return
        yield parent


def _formats(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and (
        (isinstance(node.func, ast.Attribute) and node.func.attr == "format")
        or (isinstance(node.func, ast.Name) and node.func.id == "str")
    )


def _covers(node: ast.expr, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _style(file: Module) -> str:
    roots = {meaning.partition(".")[0] for meaning in file.aliases.values()}
    styles = {_STYLES[root] for root in roots & _STYLES.keys()}
    if len(styles) != 1:
        message = (
            f"{file.path} does not show which one database driver runs its queries, and each writes parameters "
            "its own way"
        )
        raise NoFix(message)
    return styles.pop()


def _candidate(
    file: Module, query: _Query, approach: str, edits: Sequence[Edit], words: str, declares: Sequence[str] = ()
) -> Candidate:
    lines = {file.statement(query.call).lineno, file.statement(query.built).lineno}
    return candidate(approach, edits, words, declares=(*declares, *(f"statement:{line}" for line in sorted(lines))))


def _positional(file: Module, query: _Query, bound: Bound) -> Candidate:
    values = ", ".join(bound.values) + ("," if len(bound.values) == 1 else "")
    return _candidate(
        file,
        query,
        "positional-parameters",
        _edits(file, query, bound.text, f", ({values})"),
        "The driver sends the values apart from the text, in the order of their marks.",
    )


def _named(file: Module, query: _Query, bound: Bound) -> Candidate:
    return _candidate(
        file,
        query,
        "named-parameters",
        _edits(file, query, bound.text, f", {_mapping(bound)}"),
        "The driver sends the values apart from the text; each mark names its value.",
    )


def _edits(file: Module, query: _Query, text: str, parameters: str) -> list[Edit]:
    argument = query.call.args[0]
    end = file.span(argument)[1]
    if argument is query.built:
        return [file.edit(*file.span(argument), text + parameters)]
    return [file.replace(query.built, text), file.insert(end, parameters)]


def _sqlalchemy(target: Target, file: Module, query: _Query, bound: Bound, *, chained: bool) -> Candidate:
    """`text()` with its parameters beside it, or bound to it."""
    argument = query.call.args[0]
    wrapped = isinstance(argument, ast.Call) and argument is not query.built
    text = Import("text") if wrapped else imported_from(target, file, "sqlalchemy", "text")
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
