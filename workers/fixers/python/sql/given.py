"""Parameters that a query has already, beside the values that are pasted into it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from workers.fixers.pieces import Value
from workers.fixers.python.source.module import Module
from workers.fixers.registry import NoFix

_MARKS = {"?": re.compile(r"\?"), "%s": re.compile(r"%s")}
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")


def given(file: Module, call: ast.Call) -> list[ast.expr]:
    """The parameters that the call passes as a tuple or a list; none where it passes none.

    Raises:
        NoFix: it passes them in a form that does not show which they are.
    """
    if len(call.args) == 1 and not call.keywords:
        return []
    parameters = call.args[1] if len(call.args) == 2 and not call.keywords else None
    if isinstance(parameters, ast.Tuple | ast.List) and not any(
        isinstance(each, ast.Starred) for each in parameters.elts
    ):
        return list(parameters.elts)
    message = f"{file.path}:{call.lineno} passes parameters already: add the pasted values to them"
    raise NoFix(message)


def beside(parts: Sequence[str | Value], style: str, values: Sequence[str], place: str) -> list[str | Value]:
    """The pieces with each mark replaced by the parameter that it stands for, so that all are bound again in order.

    Raises:
        NoFix: not every mark has its parameter, or marks of this style are not known.
    """
    if not values:
        return list(parts)
    pattern = _MARKS.get(style)
    if pattern is None or _quoted_mark("".join(part for part in parts if isinstance(part, str)), pattern):
        message = f"{place} passes parameters already: add the pasted values to them"
        raise NoFix(message)
    left = iter(values)
    found = [each for part in parts for each in (_split(part, style, left) if isinstance(part, str) else [part])]
    if found.count("") or next(left, None) is not None:
        message = f"{place} passes another number of parameters than it has marks"
        raise NoFix(message)
    return found


def _split(text: str, style: str, values: Iterator[str]) -> Iterator[str | Value]:
    at = 0
    for match in _MARKS[style].finditer(text):
        value = next(values, "")
        yield _plain(text[at : match.start()], style) or " "
        yield Value(value) if value else ""
        at = match.end()
    if text[at:]:
        yield _plain(text[at:], style)


def _plain(text: str, style: str) -> str:
    """The text as the database reads it: a driver that marks by percent signs wants its own ones doubled."""
    return text.replace("%%", "%") if style == "%s" else text


def _quoted_mark(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether something like a mark stands inside of quotes, where it is text."""
    return any(pattern.search(each[0]) for each in _QUOTED.finditer(text))
