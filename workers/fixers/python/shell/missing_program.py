"""Handlers that take a program which is not there for a command that failed, as a shell reports it."""

from __future__ import annotations

import ast

from daemon.domain.fix import Edit
from workers.fixers.python.source.handlers import around, named
from workers.fixers.python.source.module import Module
from workers.fixers.registry import NoFix

_FAILED = frozenset(("CalledProcessError", "SubprocessError"))
_MISSING = frozenset(("FileNotFoundError", "OSError", "IOError", "EnvironmentError", "Exception", "BaseException"))


def caught_too(file: Module, call: ast.Call) -> tuple[list[Edit], list[str]]:
    """Edits by which the handler around a call also catches FileNotFoundError, and what they declare.

    A shell ends with status 127 where a program is missing, which `check_call` makes a CalledProcessError; without the
    shell it is a FileNotFoundError, and would go past the handler.

    Raises:
        NoFix: the handler asks the error for what FileNotFoundError does not have.
    """
    for handlers in around(file, call):
        if any(handler.type is None or named(handler.type) & _MISSING for handler in handlers):
            return [], []
        for handler in handlers:
            if handler.type is not None and named(handler.type) & _FAILED:
                return [_with_missing(file, handler, handler.type)], [f"statement:{handler.lineno}"]
    return [], []


def _with_missing(file: Module, handler: ast.ExceptHandler, caught: ast.expr) -> Edit:
    asked = (node for one in handler.body for node in ast.walk(one) if isinstance(node, ast.Attribute))
    if handler.name and any(isinstance(node.value, ast.Name) and node.value.id == handler.name for node in asked):
        message = (
            f"{file.path}:{handler.lineno} asks the error for its status or output, which a program that is not there "
            "has none of without a shell: handle FileNotFoundError first"
        )
        raise NoFix(message)
    each = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return file.replace(caught, f"({', '.join(file.text(one) for one in each)}, FileNotFoundError)")
