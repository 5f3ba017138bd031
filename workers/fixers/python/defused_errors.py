"""Handlers that take a document which defusedxml refuses for one that does not parse."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from workers.fixers.python.source.handlers import around, named
from workers.fixers.python.source.imports import Import
from workers.fixers.python.source.module import Module

ERROR = "DefusedXmlException"
_MALFORMED = frozenset(("ParseError", "ExpatError", "SAXParseException", "SAXException"))
_REFUSED = frozenset((ERROR, "ValueError", "Exception", "BaseException"))


def handlers_of(file: Module, calls: Iterable[ast.Call]) -> list[ast.ExceptHandler]:
    """The handlers around calls that expect a malformed document, and would let defusedxml's refusal go past them."""
    found = (handler for call in calls if (handler := _handler(file, call)) is not None)
    return list(dict.fromkeys(found))


def caught_too(file: Module, handlers: Iterable[ast.ExceptHandler], error: str) -> Import:
    """The handlers with defusedxml's error, by this name, beside the one that they have."""
    edits, declares = [], []
    for handler in handlers:
        if handler.type is not None:
            each = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            edits.append(file.replace(handler.type, f"({', '.join([*(file.text(one) for one in each), error])})"))
            declares.append(f"statement:{handler.lineno}")
    return Import(error, tuple(edits), tuple(declares))


def _handler(file: Module, call: ast.Call) -> ast.ExceptHandler | None:
    for handlers in around(file, call):
        if any(handler.type is None or named(handler.type) & _REFUSED for handler in handlers):
            return None
        expecting = (each for each in handlers if each.type is not None and named(each.type) & _MALFORMED)
        if (first := next(expecting, None)) is not None:
            return first
    return None
