"""Strings that get only what the code itself wrote: parameter marks, quoted names, fixed words."""

from __future__ import annotations

import ast

from workers.fixers.python.source.fixed import is_fixed
from workers.fixers.python.source.module import Module
from workers.fixers.python.source.strings import template

_STRING = (ast.JoinedStr, ast.BinOp, ast.Call)


def only_fixed(file: Module, line: int) -> bool:
    """Whether a string with values is put together at this line, and every such string gets only what is fixed."""
    built = [node for node in file.nodes if isinstance(node, _STRING) and node.lineno <= line <= _last(node)]
    values = [_pasted(file, node) for node in built if not _is_part(file, node)]
    found = [each for each in values if each]
    return bool(found) and all(is_fixed(file, node, line) for each in found for node in each)


def _last(node: ast.expr) -> int:
    return node.end_lineno or node.lineno


def _is_part(file: Module, node: ast.expr) -> bool:
    """Whether the string is a part of a larger one, which is asked instead."""
    parent = file.parents.get(node)
    return isinstance(parent, ast.BinOp | ast.JoinedStr | ast.FormattedValue)


def _pasted(file: Module, node: ast.expr) -> list[ast.expr]:
    """The expressions that the string takes in, in order."""
    line = template(file, node)
    return [] if line is None else [ast.parse(f"({value.source})", mode="eval").body for value in line.values]
