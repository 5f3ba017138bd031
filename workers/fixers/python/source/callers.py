"""What the code that uses a function is about, and what it does with its errors."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from daemon.errors import SourceUnavailable
from workers.fixers.python.source.handlers import named
from workers.fixers.python.source.module import Module
from workers.fixers.registry import NoFix
from workers.source.tree import SourceTree

_A_KEY = re.compile(r"(?:key|code|ticket|pin)$", re.IGNORECASE)
_MAKE = ("__init__", "__new__", "__post_init__")


def is_caught(tree: SourceTree, file: Module, node: ast.AST, *errors: str) -> bool:
    """Whether code that uses the function around the node, here or in a file that names this module, catches one of
    the errors from it.
    """
    name = _name(file, node)
    holder = _holder(file, node)
    caught = re.compile(rf"\bexcept\b[^\n]*\b(?:{'|'.join(errors)})\b".encode())
    users = (each for each in _users(tree, file, name, caught) if holder.encode() in each.content) if name else ()
    return bool(name) and any(_catches(each, name, errors) for each in (file, *users))


def told_by_callers(tree: SourceTree, file: Module, node: ast.AST) -> str:
    """The statements that use the function around the node, here or in a file that names this module, and the names of
    the functions and classes that these stand in.
    """
    name = _name(file, node)
    if not name:
        return ""
    users = (file, *_users(tree, file, name, re.compile(rf"\b{name}\b".encode())))
    return "\n".join(line for each in users for line in _told(each, name))


def is_asked_back(tree: SourceTree, file: Module, node: ast.AST) -> bool:
    """Whether code that uses the function keeps its result as a key or a code and compares what it is told with it."""
    name = _name(file, node)
    if not name:
        return False
    users = (file, *_users(tree, file, name, re.compile(rf"\b{name}\b".encode())))
    return any(_asks_back(each, name) for each in users)


def _asks_back(file: Module, name: str) -> bool:
    kept = {
        _last(target)
        for node in file.nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _is_of(node.value.func, name)
        for target in node.targets
    }
    kept = {each for each in kept if _A_KEY.search(each)}
    compared = (node for node in file.nodes if isinstance(node, ast.Compare))
    return any(
        _last(side) in kept
        for node in compared
        if isinstance(node.ops[0], ast.Eq | ast.NotEq)
        for side in (node.left, *node.comparators)
    )


def _last(node: ast.AST) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _told(file: Module, name: str) -> Iterator[str]:
    for node in file.nodes:
        if isinstance(node, ast.Call) and _is_of(node.func, name):
            yield file.text(file.statement(node)).partition("\n")[0]
            yield from (getattr(each, "name", None) or "" for each in file.ancestors(node))


def _name(file: Module, node: ast.AST) -> str:
    """What other code calls the function around the node by: its own name, or that of the class that it makes."""
    function = file.function(node)
    if function is None:
        return ""
    around = next((each for each in file.ancestors(function) if isinstance(each, ast.ClassDef)), None)
    return around.name if around is not None and function.name in _MAKE else function.name


def _holder(file: Module, node: ast.AST) -> str:
    """The name of the class around the node, by which code elsewhere gets an object that has its methods."""
    return next((each.name for each in file.ancestors(node) if isinstance(each, ast.ClassDef)), "")


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
    return bool(name) and _last(node) == name
