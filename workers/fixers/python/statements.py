"""Edits of whole statements."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Edit
from workers.fixers.python.module import Module
from workers.fixers.registry import NoFix


def alone(file: Module, statement: ast.stmt) -> Edit:
    """The file without the statement's lines.

    Raises:
        NoFix: other code shares them, or nothing else stands in its block.
    """
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    block = next((body for body in _bodies(file.parents[statement]) if statement in body), [])
    start, end = file.starts[first - 1], file.starts[last] if last < len(file.starts) else len(file.content)
    if len(block) < 2 or file.content[start:end].strip() != file.text(statement).encode():
        message = f"{file.path}:{first} cannot go by itself: it shares its lines or its block"
        raise NoFix(message)
    return file.edit(start, end, "")


def inserted(file: Module, statement: ast.stmt, text: str) -> tuple[Edit, str]:
    """Whole lines, of the statement's own indentation, right before it; and what that declares.

    Raises:
        NoFix: the statement shares its line with other code.
    """
    line = statement.lineno
    start = file.starts[line - 1]
    if file.slice(start, file.span(statement)[0]).strip():
        message = f"{file.path}:{line} shares its line with other code, so nothing can be put before it"
        raise NoFix(message)
    indent = file.indent(line)
    lines = "".join(f"{indent}{each}\n" if each else "\n" for each in text.splitlines())
    return file.insert(start, lines), f"insert:{line}"


def is_sure(file: Module, node: ast.expr) -> bool:
    """Whether the statement around the expression evaluates it, once, wherever it runs itself."""
    parts = (ast.IfExp, ast.BoolOp, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    statement = file.statement(node)
    if not isinstance(statement, ast.Return | ast.Assign | ast.Expr | ast.With):
        return False
    for each in file.ancestors(node):
        if each is statement:
            return True
        if isinstance(each, parts):
            return False
    return False


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        if isinstance(body := getattr(node, name, None), list):
            yield body
