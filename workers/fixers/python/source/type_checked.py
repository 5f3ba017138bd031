"""Asserts that only tell a type checker what a value is."""

from __future__ import annotations

import ast
import posixpath
import re

from workers.source.remembered import remembered
from workers.source.tree import SourceTree, folders_up, text_of

_OWN_FILES = re.compile(r"\.?mypy[\w.-]*\.ini|(?:based)?pyright[\w.-]*\.(?:json|toml)|py\.typed|ty\.toml")
_SECTIONS = {
    "pyproject.toml": re.compile(r"^\[+tool\.(?:mypy|pyright|basedpyright|pyrefly|ty)\b", re.MULTILINE),
    "setup.cfg": re.compile(r"^\[mypy\b", re.MULTILINE),
    "tox.ini": re.compile(r"^\[mypy\b|^\s*(?:mypy|pyright)\b", re.MULTILINE),
    ".pre-commit-config.yaml": re.compile(r"\bid:\s*(?:mypy|pyright|basedpyright)\b"),
}
_WORKFLOW = re.compile(r"\.github/workflows/[^/]+\.ya?ml")
_RUNS = re.compile(r"^(?!\s*#).*(?<![\w./-])(?:mypy|(?:based)?pyright)(?![\w/.])", re.MULTILINE)


def checker_of(tree: SourceTree, path: str) -> str | None:
    """The file that sets up a type checker for the file at `path`."""
    found = _checkers(tree)
    return next((found[folder] for folder in folders_up(posixpath.dirname(path)) if folder in found), None)


@remembered
def _checkers(tree: SourceTree) -> dict[str, str]:
    """Folder → the file that sets up a type checker for what is in it."""
    found: dict[str, str] = {}
    for path in tree.paths():
        folder, name = posixpath.split(path)
        says = _SECTIONS.get(name)
        if _OWN_FILES.fullmatch(name) or (says is not None and says.search(text_of(tree, path))):
            found.setdefault(folder, path)
        elif _WORKFLOW.fullmatch(path) and _RUNS.search(text_of(tree, path)):
            found.setdefault("", path)
    return found


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
