"""New definitions at the top level of a file, before the statement that needs them."""

from __future__ import annotations

import ast

from daemon.domain.fix import Edit
from workers.fixers.python.source.module import Module
from workers.fixers.registry import NoFix


def before(file: Module, node: ast.AST, text: str) -> tuple[Edit, str]:
    """`text`, whole lines, before the top-level statement around `node` and its comments; and what that declares.

    Raises:
        NoFix: the statement shares its line with others.
    """
    statement = next(each for each in file.tree.body if each is node or each in file.ancestors(node))
    line = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", []))])
    if file.line(line)[:1].isspace() or file.span(statement)[0] != file.starts[statement.lineno - 1]:
        message = f"{file.path}:{line} shares its line with other code, so nothing can be defined before it"
        raise NoFix(message)
    above = line
    while above > 1 and file.line(above - 1).startswith(b"#") and not file.line(above - 1).startswith(b"#!"):
        above -= 1
    blank = "\n\n" if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else "\n"
    return file.insert(file.starts[above - 1], f"{text}{blank}"), f"insert:{line}"


def first_call(file: Module, *names: str) -> ast.Call:
    """The file's first call of one of the names: fixes of several calls put one definition at one place."""
    calls = [node for node in file.nodes if isinstance(node, ast.Call) and file.calls(node, *names)]
    return min(calls, key=lambda node: (node.lineno, node.col_offset))
