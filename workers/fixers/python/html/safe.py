"""Text that may be declared safe: nothing comes into it, or something escaped all that did."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from workers.fixers.python.html.made import is_made_safe
from workers.fixers.python.html.values import ESCAPES, PLAIN_ESCAPES
from workers.fixers.python.source.fixed import is_fixed
from workers.fixers.python.source.module import Module
from workers.fixers.registry import Harmless

_CLEANS = ("bleach.clean", "nh3.clean")
_RENDERS = ("flask.render_template", "django.template.loader.render_to_string")
_PLAIN_AGAIN = ("unescape", "striptags")
_DEEPEST = 6
_TRANSLATES = ("_", "gettext", "gettext_lazy", "lazy_gettext", "pgettext", "pgettext_lazy")


def refuse_safe(file: Module, call: ast.Call) -> None:
    """Say so where nothing is declared safe after all, or where what is so is safe already.

    Raises:
        Harmless: it is so.
    """
    where, made = f"{file.path}:{call.lineno}", call.args[0]
    if _reads_text(file, call):
        message = f"{where} only uses Markup to read the text: the result is a plain string again"
        raise Harmless(message)
    if file.calls(made, *PLAIN_ESCAPES, *ESCAPES, *_CLEANS):
        message = f"{where} escapes what it declares safe"
        raise Harmless(message)
    if _is_own_text(file, made):
        message = f"{where} declares safe a text that this code and its translations alone fix"
        raise Harmless(message)
    if _is_rendered(file, made):
        message = f"{where} declares safe what a template gave, which escaped each value already"
        raise Harmless(message)


def refuse_made_safe(file: Module, call: ast.Call) -> None:
    """Say so where each value is escaped on its way into the file's own HTML.

    Raises:
        Harmless: it is.
    """
    if is_made_safe(file, call.args[0]):
        where = f"{file.path}:{call.lineno}"
        message = f"{where} declares safe what this file makes of its own HTML and of values that it escapes"
        raise Harmless(message)


def _reads_text(file: Module, call: ast.Call) -> bool:
    """Whether a method of the result is called at once that gives a plain string."""
    outer = file.parents.get(call)
    if not isinstance(outer, ast.Attribute) or not isinstance(file.parents.get(outer), ast.Call):
        return False
    return outer.attr in _PLAIN_AGAIN and (file.qualified(call.func) or "").endswith(".Markup")


def _is_own_text(file: Module, node: ast.expr, depth: int = 0) -> bool:
    """Whether the code itself holds the whole text, or asks its translations for one of its own."""
    if isinstance(node, ast.Name) and depth <= _DEEPEST:
        given = _given(file, node)
        if given and all(_is_own_text(file, each, depth + 1) for each in given):
            return True
    pieces = _pieces(node) if depth <= _DEEPEST else ()
    if pieces and all(_is_own_text(file, each, depth + 1) for each in pieces):
        return True
    return _is_translation(node) or is_fixed(file, node, node.lineno)


def _pieces(node: ast.expr) -> Sequence[ast.expr]:
    """What a text is put together from; empty where it is no such text."""
    match node:
        case ast.JoinedStr(values=values):
            return [each.value if isinstance(each, ast.FormattedValue) else each for each in values]
        case ast.BinOp(left=one, op=ast.Add(), right=other):
            return (one, other)
        case ast.BinOp(left=text, op=ast.Mod(), right=given):
            return (text, *(given.elts if isinstance(given, ast.Tuple) else (given,)))
        case ast.Call(func=ast.Attribute(attr="format", value=text), args=args, keywords=keywords):
            return (text, *args, *(each.value for each in keywords))
    return ()


def _given(file: Module, node: ast.Name) -> list[ast.expr]:
    """All that plain assignments of its function, or of the module, ever give the variable; none where more does."""
    for scope in (file.function(node), file.tree):
        if scope is None:
            continue
        inside = list(ast.walk(scope))
        stored = sum(
            isinstance(each, ast.Name) and each.id == node.id and isinstance(each.ctx, ast.Store) for each in inside
        )
        given = [each.value for each in inside if isinstance(each, ast.Assign) and _binds(each, node.id)]
        is_argument = any(isinstance(each, ast.arg) and each.arg == node.id for each in inside)
        if is_argument or stored:
            return given if stored == len(given) and not is_argument else []
    return []


def _binds(node: ast.Assign, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in node.targets)


def _is_translation(node: ast.expr) -> bool:
    """Whether the translations are asked for a text that the code writes out."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=[]) if args:
            return name in _TRANSLATES and all(isinstance(each, ast.Constant) for each in args)
    return False


def _is_rendered(file: Module, node: ast.expr) -> bool:
    """Whether an HTML template of this name, in an engine that escapes in such templates, makes the text."""
    if not file.calls(node, *_RENDERS) or not isinstance(node, ast.Call) or not node.args:
        return False
    name = node.args[0]
    return isinstance(name, ast.Constant) and str(name.value).endswith((".html", ".htm", ".xml"))
