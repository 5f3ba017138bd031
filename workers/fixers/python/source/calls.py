"""Edits of call arguments that keep the call's own layout."""

from __future__ import annotations

import ast
import re

from daemon.domain.fix import Edit
from workers.fixers.python.source.module import Module
from workers.fixers.registry import NoFix

_WIDEST = 100  # columns
_COMMENT = re.compile(r"#[^\r\n]*")


def keyword(call: ast.Call, name: str) -> ast.keyword | None:
    """The keyword argument of that name."""
    return next((each for each in call.keywords if each.arg == name), None)


def argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    """The argument given at a position or by name."""
    named = keyword(call, name)
    if named is not None:
        return named.value
    if position < len(call.args) and not any(isinstance(each, ast.Starred) for each in call.args[: position + 1]):
        return call.args[position]
    return None


def refuse_unpacked(file: Module, call: ast.Call) -> None:
    """Raise where `*args` or `**kwargs` may already hold what a fix would add.

    Raises:
        NoFix: they may.
    """
    if any(isinstance(each, ast.Starred) for each in call.args) or any(each.arg is None for each in call.keywords):
        message = (
            f"{file.path}:{call.lineno} passes unpacked arguments, so whether it sets this one is decided elsewhere"
        )
        raise NoFix(message)


def set_keyword(file: Module, call: ast.Call, name: str, value: str, *, alone: bool = False) -> Edit:
    """The call with `name=value`: replaced where it is there, added last where it is not.

    `alone`: no other edit is in the call, so that its arguments may get lines of their own where its line gets long.

    Raises:
        NoFix: unpacked arguments may set it already.
    """
    present = keyword(call, name)
    if present is not None:
        return file.replace(present.value, value)
    refuse_unpacked(file, call)
    wrapped = _wrapped(file, call, f"{name}={value}") if alone and (call.args or call.keywords) else None
    return wrapped or add_argument(file, call, f"{name}={value}")


def add_argument(file: Module, call: ast.Call, text: str) -> Edit:
    """The call with one more, last argument; one argument a line where the call is written so."""
    closing = file.span(call)[1] - 1
    given: list[ast.AST] = [*call.args, *call.keywords]
    if not given:
        return file.edit(file.span(call.func)[1] + 1, closing, text) if _empty(file, call) else _odd(file, call)
    last = max(given, key=lambda node: file.span(node)[1])
    if isinstance(last, ast.GeneratorExp) and file.span(last)[1] > closing:
        return _odd(file, call)
    end = file.span(last)[1]
    tail = _COMMENT.sub(lambda match: " " * len(match[0].encode()), file.slice(end, closing))
    close = tail.rfind(")")
    end += close + 1
    tail = tail[close + 1 :]
    comma = tail.find(",")
    indent = _own_line_indent(file, last)
    if comma >= 0:
        at = end + comma + 1
        if indent is None or "\n" not in file.slice(at, closing):
            return file.insert(at, f" {text}" if file.slice(at, closing).strip() == "" else f" {text},")
        return file.insert(file.line_end(file.line_of(at)), f"\n{indent}{text},")
    return file.insert(end, f", {text}" if indent is None else f",\n{indent}{text}")


def _wrapped(file: Module, call: ast.Call, text: str) -> Edit | None:
    """One argument a line, where the line would be the longest; `None` where it would not, or has comments."""
    start, closing = file.span(call.func)[1], file.span(call)[1] - 1
    first, last = file.line_of(start), file.line_of(closing)
    line = file.line(first).decode()
    longest = max(_WIDEST, *(len(each) for each in file.content.split(b"\n")))
    if first != last or len(line.rstrip()) + len(text) + 2 <= longest or "#" in line:
        return None
    indent = file.indent(first)
    given = [file.text(each) for each in sorted([*call.args, *call.keywords], key=lambda node: file.span(node)[0])]
    if file.slice(start, closing) != f"({', '.join(given)}":
        return None
    lines = "".join(f"{indent}{file.indent_unit}{each},\n" for each in (*given, text))
    return file.edit(start + 1, closing, f"\n{lines}{indent}")


def remove_argument(file: Module, call: ast.Call, given: ast.AST) -> Edit:
    """The call without this argument, and without the comma and the blanks that belonged to it."""
    ordered = sorted([*call.args, *call.keywords], key=lambda node: file.span(node)[0])
    index = ordered.index(given)
    start, end = file.span(given)
    if index:
        before = file.span(ordered[index - 1])[1]
        between = file.slice(before, start)
        if "#" in between or between.count(",") != 1 or between.strip(" \t\r\n,"):
            return _odd(file, call)
        return file.edit(before, end, "")
    if len(ordered) > 1:
        following = file.span(ordered[1])[0]
        between = file.slice(end, following)
        if "#" in between or between.strip(" \t\r\n,"):
            return _odd(file, call)
        return file.edit(start, following, "")
    rest = file.slice(end, file.span(call)[1] - 1)
    if rest.strip(" \t\r\n,"):
        return _odd(file, call)
    return file.edit(start, file.span(call)[1] - 1, "")


def _empty(file: Module, call: ast.Call) -> bool:
    inside = file.slice(file.span(call.func)[1], file.span(call)[1])
    return inside.startswith("(") and not inside[1:-1].strip()


def _own_line_indent(file: Module, node: ast.AST) -> str | None:
    """The indentation of an argument that begins its line, else `None`."""
    start = file.span(node)[0]
    line = file.line_of(start)
    before = file.slice(file.starts[line - 1], start)
    return before if not before.strip() else None


def _odd(file: Module, call: ast.Call) -> Edit:
    message = f"{file.path}:{call.lineno} writes its arguments in a form that cannot be edited safely"
    raise NoFix(message)
