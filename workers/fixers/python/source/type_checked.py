"""Asserts that only tell a type checker what a value is."""

from __future__ import annotations

import ast
import posixpath
import re

from workers.source.tree import SourceTree, folders_up, has, text_of

_OWN_FILES = ("mypy.ini", ".mypy.ini", "pyrightconfig.json", "py.typed", "ty.toml")
_SECTIONS = {
    "pyproject.toml": re.compile(r"^\[+tool\.(?:mypy|pyright|basedpyright|pyrefly|ty)\b", re.MULTILINE),
    "setup.cfg": re.compile(r"^\[mypy\b", re.MULTILINE),
    "tox.ini": re.compile(r"^\[mypy\b|^\s*(?:mypy|pyright)\b", re.MULTILINE),
    ".pre-commit-config.yaml": re.compile(r"\bid:\s*(?:mypy|pyright|basedpyright)\b"),
}


def checker_of(tree: SourceTree, path: str) -> str | None:
    """The file that sets up a type checker for the file at `path`."""
    for folder in folders_up(posixpath.dirname(path)):
        for name in _OWN_FILES:
            if has(tree, posixpath.join(folder, name)):
                return posixpath.join(folder, name)
        for name, says in _SECTIONS.items():
            if says.search(text_of(tree, posixpath.join(folder, name))):
                return posixpath.join(folder, name)
    return None


def narrows(test: ast.expr) -> bool:
    """Whether the condition says no more than which type a variable has: `x is not None`, `isinstance(x, T)`."""
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            return all(map(narrows, values))
        case ast.Compare(left=left, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return _is_place(left)
        case ast.Call(func=ast.Name(id="isinstance"), args=[left, _], keywords=[]):
            return _is_place(left)
    return False


def _is_place(node: ast.expr) -> bool:
    """Whether a checker remembers the type of what the expression names."""
    match node:
        case ast.Name():
            return True
        case ast.Attribute(value=value) | ast.Subscript(value=value, slice=ast.Constant()):
            return _is_place(value)
    return False
