"""Handlers of errors around a call."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from workers.fixers.python.source.module import Module


def around(file: Module, call: ast.Call) -> Iterator[list[ast.ExceptHandler]]:
    """The handlers of every `try` whose body the call stands in, from the inside out."""
    node: ast.AST = call
    while (parent := file.parents.get(node)) is not None and not isinstance(parent, ast.FunctionDef | ast.Lambda):
        if isinstance(parent, ast.Try) and node in parent.body:
            yield parent.handlers
        node = parent


def named(caught: ast.expr) -> set[str]:
    """The last names of what a handler catches."""
    each = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return {ast.unparse(one).rpartition(".")[2] for one in each}
