"""What other code does with the errors of a function that it uses."""

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
    function = file.function(node)
    if function is None:
        return False
    around = next((each for each in file.ancestors(function) if isinstance(each, ast.ClassDef)), None)
    name = around.name if around is not None and function.name in _MAKE else function.name
    return any(_catches(each, name, errors) for each in (file, *_users(tree, file, name, errors)))


def _users(tree: SourceTree, file: Module, name: str, errors: tuple[str, ...]) -> Iterator[Module]:
    """The other files that name the module, what is in it, and one of the errors."""
    pure = PurePosixPath(file.path)
    module = pure.parent.name if pure.stem == "__init__" else pure.stem
    caught = re.compile(rf"\bexcept\b[^\n]*\b(?:{'|'.join(errors)})\b".encode())
    for path in tree.paths():
        if path == file.path or not path.endswith(".py"):
            continue
        try:
            content = tree.read(path)
            if name.encode() in content and module.encode() in content and caught.search(content):
                yield Module(path, content)
        except (SourceUnavailable, NoFix):
            continue


def _catches(file: Module, name: str, errors: tuple[str, ...]) -> bool:
    for node in file.nodes:
        if isinstance(node, ast.Try) and any(one.type and named(one.type) & {*errors} for one in node.handlers):
            inside = (part for each in node.body for part in ast.walk(each))
            if any(getattr(part, "id", getattr(part, "attr", None)) == name for part in inside):
                return True
    return False
