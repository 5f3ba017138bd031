"""Where a query is built and where it is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import msgspec

from workers.fixers.python.source.module import Module
from workers.fixers.python.source.variables import definitions
from workers.fixers.python.sql.driver import RAW, style_of
from workers.fixers.python.sql.given import given
from workers.fixers.registry import NoFix

_EXECUTE = ("execute", "mogrify", "raw")
_FETCHES = ("fetch", "fetchrow", "fetchval")
"""What asyncpg runs queries by, beside `execute`; elsewhere these names take what was asked already."""
_STRING = (ast.JoinedStr, ast.BinOp, ast.Call)


class Query(msgspec.Struct, frozen=True):
    """Where a query is built and where it is run."""

    call: ast.Call
    built: ast.expr
    style: str
    given: tuple[ast.expr, ...] = ()
    """Parameters that it has already."""


def query_at(file: Module, line: int) -> Query:
    """The one `execute` call that runs the string built at this line."""
    calls = [node for node in file.nodes if isinstance(node, ast.Call) and _executes(file, node)]
    for call in calls:
        built = _built(file, call)
        if built is not None and _covers(built, line) | _covers(call, line):
            parameters = tuple(given(file, call))
            return Query(call, built, style_of(file, call), parameters)
    message = (
        f"{file.path}:{line} builds SQL, but the call that runs it is not certain: bind its values where it is run"
    )
    raise NoFix(message)


def is_bound(file: Module, line: int) -> bool:
    """Whether each query that is run at this line is a fixed text with parameters beside it."""
    calls = [
        node for node in file.nodes if isinstance(node, ast.Call) and _executes(file, node) and _covers(node, line)
    ]
    return bool(calls) and all(
        isinstance(call.args[0], ast.Constant) and len(call.args) + len(call.keywords) > 1 for call in calls
    )


def _executes(file: Module, call: ast.Call) -> bool:
    if file.calls(call, *RAW):
        return bool(call.args)
    names = (*_EXECUTE, *(_FETCHES if "asyncpg" in file.aliases.values() else ()))
    return isinstance(call.func, ast.Attribute) and call.func.attr in names and bool(call.args)


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
