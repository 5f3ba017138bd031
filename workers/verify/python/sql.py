"""A query built from text → the same query with bound values."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from workers.verify.python.fold import constant
from workers.verify.python.sides import Side

_EXECUTES = re.compile(r"^(?:execute|executemany|raw|fetch\w*|query|scalar\w*)$")
_MARK = re.compile(r"%s|%\(\w+\)s|\?|(?<![:\w]):[A-Za-z_]\w*|\$\d+")
_QUOTED_MARK = re.compile(r"(['\"])\s*(?:%s|%\(\w+\)s|\?|:[A-Za-z_]\w*|\$\d+)\s*\1")
_HOLE = "\0"


def unmet(old: Side, new: Side) -> Iterator[str]:
    """Why it is not the same query with its values bound, as phrases."""
    was = next((text for call in old.calls() if call.args and (text := _built(_meant(call.args[0], old)))), None)
    values = _names(old)
    for call in new.calls():
        if not isinstance(call.func, ast.Attribute) or not _EXECUTES.match(call.func.attr) or not call.args:
            continue
        given, beside = _asked(_meant(call.args[0], new), new)
        query = constant(given)
        if not isinstance(query, str):
            if any(_pastes(part) and values & _read(part) for part in ast.walk(given)):
                yield "the value is still put into the text"
            continue
        yield from _bound(query, [*call.args[1:], *beside], values)
        if was is not None and _shape(query) != _shape(was):
            yield "it asks for something else than before"


def _asked(node: ast.expr, side: Side) -> tuple[ast.expr, list[ast.expr]]:
    """The query inside of `text(…)`, and what `.bindparams(…)` binds to it."""
    match node:
        case ast.Call(func=ast.Attribute(value=inner, attr="bindparams"), args=[], keywords=named):
            asked, beside = _asked(_meant(inner, side), side)
            return asked, [*beside, ast.List(elts=[each.value for each in named], ctx=ast.Load())]
        case ast.Call(func=ast.Name(id="text") | ast.Attribute(attr="text"), args=[inner], keywords=[]):
            return _meant(inner, side), []
    return node, []


def _pastes(node: ast.AST) -> bool:
    """Whether the expression makes text of its parts."""
    method = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
    return isinstance(node, ast.BinOp | ast.JoinedStr) or method in {"format", "join", "replace", "substitute"}


def _read(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _bound(query: str, parameters: list[ast.expr], values: set[str]) -> Iterator[str]:
    if _QUOTED_MARK.search(query):
        yield "a mark in quotes is text, and takes no value"
    given = parameters[0] if parameters else None
    marks = len(_MARK.findall(query))
    if isinstance(given, ast.Name) and given.id in values:
        yield f"`({given.id})` is no tuple"
    if isinstance(given, ast.Tuple | ast.List) and not any(isinstance(one, ast.Starred) for one in given.elts):
        if len(given.elts) != marks:
            yield f"{len(given.elts)} values for {marks} marks"
    elif given is None and marks:
        yield "nothing is bound to its marks"


def _built(node: ast.expr) -> str | None:
    """A query's text with a hole for each value; none where it is not built here."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        text = constant(node.left)
        return re.sub(r"%s|%\(\w+\)s|%d", _HOLE, text) if isinstance(text, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else _HOLE for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (_piece(node.left) or "") + (_piece(node.right) or "")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        text = constant(node.func.value)
        return re.sub(r"\{\w*\}", _HOLE, text) if isinstance(text, str) else None
    return None


def _piece(node: ast.expr) -> str:
    text = constant(node)
    if isinstance(text, str):
        return text
    return _built(node) or _HOLE


def _shape(query: str) -> str:
    """The query with one hole for each value, quotes around it and blanks left out."""
    marked = _MARK.sub(_HOLE, query)
    return re.sub(r"\s+", "", re.sub(rf"(['\"]?)(%*){_HOLE}(%*)\1", _HOLE, marked)).lower().rstrip(";")


def _meant(node: ast.expr, side: Side) -> ast.expr:
    """What a variable was given, where it is given something once; else the expression itself."""
    if not isinstance(node, ast.Name):
        return node
    given = [
        one.value
        for one in ast.walk(side.tree)
        if isinstance(one, ast.Assign) and any(isinstance(to, ast.Name) and to.id == node.id for to in one.targets)
    ]
    return given[0] if len(given) == 1 else node


def _names(side: Side) -> set[str]:
    """The variables that went into the text."""
    found: set[str] = set()
    for call in side.calls():
        for argument in call.args[:1]:
            meant = _meant(argument, side)
            if _built(meant) is not None:
                found |= {part.id for part in ast.walk(meant) if isinstance(part, ast.Name)}
    return found
