"""What the code that uses a function is about, and what it does with its errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from daemon.errors import SourceUnavailable
from workers.fixers.python.handlers import named
from workers.fixers.python.module import Module
from workers.fixers.registry import NoFix
from workers.source.tree import SourceTree

_MAKE = ("__init__", "__new__", "__post_init__")


def is_caught(tree: SourceTree, file: Module, node: ast.AST, *errors: str) -> bool:
    """Whether code that uses the function around the node, here or in a file that names this module, catches one of
    the errors from it.
    """
    name = _name(file, node)
    caught = re.compile(rf"\bexcept\b[^\n]*\b(?:{'|'.join(errors)})\b".encode())
    return bool(name) and any(_catches(each, name, errors) for each in (file, *_users(tree, file, name, caught)))


def told_by_callers(tree: SourceTree, file: Module, node: ast.AST) -> str:
    """The statements that use the function around the node, here or in a file that names this module, and the names of
    the functions and classes that these stand in.
    """
    name = _name(file, node)
    if not name:
        return ""
    users = (file, *_users(tree, file, name, re.compile(rf"\b{name}\b".encode())))
    return "\n".join(line for each in users for line in _told(each, name))


def _told(file: Module, name: str) -> Iterator[str]:
    for node in file.nodes:
        if isinstance(node, ast.Call) and _is_of(node.func, name):
            yield file.text(file.statement(node)).partition("\n")[0]
            yield from (getattr(each, "name", "") for each in file.ancestors(node))


def _name(file: Module, node: ast.AST) -> str:
    """What other code calls the function around the node by: its own name, or that of the class that it makes."""
    function = file.function(node)
    if function is None:
        return ""
    around = next((each for each in file.ancestors(function) if isinstance(each, ast.ClassDef)), None)
    return around.name if around is not None and function.name in _MAKE else function.name


def _users(tree: SourceTree, file: Module, name: str, holds: re.Pattern[bytes]) -> Iterator[Module]:
    """The other files that name the module, what is in it, and what is sought."""
    pure = PurePosixPath(file.path)
    module = pure.parent.name if pure.stem == "__init__" else pure.stem
    for path in tree.paths():
        if path == file.path or not path.endswith(".py"):
            continue
        try:
            content = tree.read(path)
            if name.encode() in content and module.encode() in content and holds.search(content):
                yield Module(path, content)
        except (SourceUnavailable, NoFix):
            continue


def _catches(file: Module, name: str, errors: tuple[str, ...]) -> bool:
    for node in file.nodes:
        if isinstance(node, ast.Try) and any(one.type and named(one.type) & {*errors} for one in node.handlers):
            inside = (part for each in node.body for part in ast.walk(each))
            if any(_is_of(part, name) for part in inside):
                return True
    return False


def _is_of(node: ast.AST, name: str) -> bool:
    return getattr(node, "id", getattr(node, "attr", None)) == name
