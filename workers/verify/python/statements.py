"""Findings about a statement: what it enforced, said or held must still be so."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from workers.verify.python.sides import Side

_INVERSE: dict[type, type] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
}  # fmt: skip


_OF_THE_SYSTEM = frozenset(("PWD", "OLDPWD", "PATH", "HOME", "USER", "USERNAME", "LOGNAME", "SHELL", "HOSTNAME"))


def asserted(old: Side, new: Side) -> Iterator[str]:
    """What was asserted is enforced by an error that is raised."""
    wanted = [node.test for node in old.nodes if isinstance(node, ast.Assert)]
    for test in wanted:
        if isinstance(test, ast.Constant) and not test.value:
            if not any(isinstance(node, ast.Raise) for node in new.nodes):
                yield "nothing stops what must never be reached"
        elif not any(_enforces(node, test) for node in new.nodes if isinstance(node, ast.If)):
            yield f"nothing stops where not `{ast.unparse(test)[:40]}`"


def _enforces(node: ast.If, test: ast.expr) -> bool:
    return ast.unparse(node.test) in _opposites(test) and any(isinstance(one, ast.Raise) for one in node.body)


def _opposites(test: ast.expr) -> set[str]:
    """Every usual way to write that it does not hold."""
    found = {ast.unparse(ast.UnaryOp(ast.Not(), test))}
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        found.add(ast.unparse(test.operand))
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in _INVERSE:
        found.add(ast.unparse(ast.Compare(test.left, [_INVERSE[type(test.ops[0])]()], test.comparators)))
    if isinstance(test, ast.BoolOp):
        other = ast.Or() if isinstance(test.op, ast.And) else ast.And()
        found |= {
            ast.unparse(
                ast.BoolOp(other, [ast.parse(min(_opposites(part), key=len), mode="eval").body for part in test.values])
            )
        }
    return found


def handled(old: Side, new: Side) -> Iterator[str]:
    """What is tried stays, and an error leaves a word."""
    bodies = {_tried(node) for node in _tries(old)}
    for node in _tries(new):
        touched = any(part in new.nodes for part in ast.walk(node))
        if touched and _tried(node) not in bodies:
            yield "what is tried changed as well"
        for handler in node.handlers if touched else ():
            if any(part in new.nodes for part in ast.walk(handler)) and not _says(handler):
                yield "the error still vanishes without a word"


def _tries(side: Side) -> list[ast.Try]:
    return [node for statement in side.changed for node in ast.walk(statement) if isinstance(node, ast.Try)]


def _tried(node: ast.Try) -> str:
    """The body, without the handlers of what is tried inside of it: those are asked by themselves."""
    body = copy.deepcopy(ast.Module(node.body, []))
    for inner in ast.walk(body):
        if isinstance(inner, ast.Try):
            inner.handlers = []
    return ast.dump(body)


def _says(handler: ast.ExceptHandler) -> bool:
    parts = [part for statement in handler.body for part in ast.walk(statement)]
    return any(isinstance(part, ast.Call | ast.Raise) for part in parts)


def secret(_old: Side, new: Side) -> Iterator[str]:
    """The value comes from outside of the file."""
    for node in new.nodes:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if value is not None and _from_text(value):
            yield "the value still comes from the file's own text"
        if isinstance(node, ast.Constant) and node.value in _OF_THE_SYSTEM:
            yield f"{node.value} is a variable that every process has, for something else"


def _from_text(value: ast.expr) -> bool:
    """Whether nothing from outside of the file goes into a value."""
    names = {part.id for part in ast.walk(value) if isinstance(part, ast.Name)}
    return names <= {"map", "chr", "str", "bytes", "int", "bytearray", "list", "tuple", "reversed", "dict", "ord"}
