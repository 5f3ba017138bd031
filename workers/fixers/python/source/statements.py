"""Edits of whole statements."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Edit
from workers.fixers.python.source.module import Module
from workers.fixers.registry import Harmless, NoFix


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


def refuse_for_tests(file: Module, node: ast.expr) -> None:
    """Say so where the code around the value is made for tests: by its class's or function's name, or by TESTING.

    Raises:
        Harmless: it is.
    """
    around = [each for each in file.ancestors(node) if isinstance(each, ast.ClassDef | ast.FunctionDef | ast.Call)]
    names = [each.name for each in around if isinstance(each, ast.ClassDef | ast.FunctionDef)]
    keywords = [each for call in around if isinstance(call, ast.Call) for each in call.keywords]
    settings = [each for scope in around if isinstance(scope, ast.ClassDef) for each in scope.body]
    testing = any(each.arg == "TESTING" and ast.unparse(each.value) == "True" for each in keywords)
    testing = testing or any(ast.unparse(each) == "TESTING = True" for each in settings)
    if testing or any(re.search(r"(?:^|_)test|Test", name) for name in names):
        message = f"{file.path}:{node.lineno} is made for tests, by what is said around it"
        raise Harmless(message)


def _bodies(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        if isinstance(body := getattr(node, name, None), list):
            yield body
