"""What any fix of Python code must keep: errors that are raised, what is made of a result, code that is reached."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from workers.verify.python.fold import constant
from workers.verify.python.sides import Side

_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)

_FILES = frozenset(("os.popen",))
"""Calls whose result is read like a file, which a fix hands over as text."""


def lost(old: Side, new: Side) -> Iterator[str]:
    """Every way in which the new side no longer does what the old one did, as a phrase."""
    if _swallowing(new.changed) > _swallowing(old.changed):
        yield "errors are swallowed that were raised"
    gone = _of_results(old) - {node.attr for node in new.nodes if isinstance(node, ast.Attribute)}
    if gone and any(isinstance(node, ast.Call) for node in new.nodes):
        yield f"`.{min(gone)}` of the result is gone"
    if _unreached(new.changed) > _unreached(old.changed):
        yield "code is there that is never reached"
    if unused := _unused(new) - _unused(old):
        yield f"`{min(unused)}` is assigned and never used"


def _walked(statements: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    return (node for statement in statements for node in ast.walk(statement))


def _swallowing(statements: Sequence[ast.stmt]) -> int:
    """Handlers that let an error pass without raising another."""
    return sum(
        isinstance(node, ast.ExceptHandler) and not any(isinstance(part, ast.Raise) for part in ast.walk(node))
        for node in _walked(statements)
    )


def _of_results(side: Side) -> set[str]:
    """Attributes that are taken of a call's result: `hexdigest`, `text`."""
    return {
        node.attr
        for node in side.nodes
        if isinstance(node, ast.Attribute)
        and any(isinstance(part, ast.Call) and side.dotted(part.func) not in _FILES for part in ast.walk(node.value))
    }


def _unreached(statements: Sequence[ast.stmt]) -> int:
    of_module = ast.Module(list(statements), [])
    return sum(_never(node) for node in ast.walk(of_module))


def _never(node: ast.AST) -> int:
    count = 0
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        value = constant(node.test, node)
        count += value is not node and not value
    if isinstance(node, ast.For):
        value = constant(node.iter, node)
        count += value is not node and not value
    for body in (getattr(node, field, None) for field in ("body", "orelse", "finalbody")):
        if isinstance(body, list):
            count += any(isinstance(statement, _ENDS) for statement in body[:-1])
    return count


def _unused(side: Side) -> set[str]:
    """Names that a changed line gives a value inside of a function, and nothing reads."""
    nodes = list(_walked(side.changed))
    inside = [part for node in nodes if isinstance(node, ast.FunctionDef) for part in ast.walk(node)]
    local = {id(part) for part in inside}
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    shared = {name for node in inside if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
    stored = {
        node.id
        for node in side.nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) in local
    }
    return {name for name in stored - read - shared if not name.startswith("_")}
