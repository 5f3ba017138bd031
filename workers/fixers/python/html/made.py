"""HTML that a file's own code makes of its own text and of values that it escapes on their way in."""

from __future__ import annotations

import ast
import re

from workers.fixers.python.html.values import PLAIN_ESCAPES, is_typed
from workers.fixers.python.source.fixed import values_of
from workers.fixers.python.source.module import Module

_CLEANS = ("bleach.clean", "nh3.clean")
_NUMBERS = ("int", "len", "round", "float")
_IN_VAIN = re.compile(r"<script|<style|javascript:|\bon\w+\s*=|=\s*\ufffc", re.IGNORECASE)
_DEEPEST = 8
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def is_made_safe(file: Module, node: ast.expr, depth: int = 0) -> bool:
    """Whether nothing reaches the text but what this file writes, numbers, and values that it escapes."""
    deeper = depth + 1
    if depth > _DEEPEST:
        return False
    match node:
        case ast.Constant():
            return True
        case ast.JoinedStr(values=parts):
            given = [each for each in parts if isinstance(each, ast.FormattedValue)]
            plain = all(each.conversion == -1 and each.format_spec is None for each in given)
            text = "\ufffc".join(str(each.value) for each in parts if isinstance(each, ast.Constant))
            return plain and not escapes_in_vain(text) and all(is_made_safe(file, each.value, deeper) for each in given)
        case ast.BinOp(left=one, op=ast.Add(), right=other) | ast.IfExp(body=one, orelse=other):
            return is_made_safe(file, one, depth) and is_made_safe(file, other, depth)
        case ast.BoolOp(values=each):
            return all(is_made_safe(file, one, deeper) for one in each)
        case ast.Name(id=name):
            bound = list(values_of(file, name, node.lineno))
            return bool(bound) and all(one is not None and is_made_safe(file, one, deeper) for one in bound)
        case ast.Call():
            return _is_safe_call(file, node, deeper)
    return False


def _is_safe_call(file: Module, call: ast.Call, depth: int) -> bool:
    if is_typed(file, call) or file.calls(call, *PLAIN_ESCAPES, *_CLEANS):
        return True
    match call:
        case ast.Call(func=ast.Name(id="str"), args=[inner], keywords=[]):
            return is_made_safe(file, inner, depth)
        case ast.Call(func=ast.Name(id=name)) if name in _NUMBERS:
            return True
        case ast.Call(func=ast.Attribute(attr="join", value=ast.Constant(value=str())), args=[given], keywords=[]):
            return _are_made_safe(file, given, depth)
        case ast.Call(func=ast.Attribute(attr="format", value=ast.Constant(value=str(text))), args=given):
            values = [*given, *(each.value for each in call.keywords)]
            return not escapes_in_vain(re.sub(r"\{[^}]*\}", "\ufffc", text)) and all(
                is_made_safe(file, each, depth) for each in values
            )
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name)):
            return _gives_safe(file, name, depth)
    return False


def _are_made_safe(file: Module, node: ast.expr, depth: int) -> bool:
    """The same of every piece that is joined."""
    if depth > _DEEPEST:
        return False
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return all(is_made_safe(file, each, depth) for each in elements)
        case ast.GeneratorExp(elt=element) | ast.ListComp(elt=element):
            return is_made_safe(file, element, depth)
        case ast.Name(id=name):
            bound = list(values_of(file, name, node.lineno))
            return bool(bound) and all(one is not None and _are_made_safe(file, one, depth + 1) for one in bound)
    return False


def _gives_safe(file: Module, name: str, depth: int) -> bool:
    """Whether the file's own function of that name, the only one, returns nothing else."""
    own = [node for node in file.nodes if isinstance(node, _FUNCTIONS) and node.name == name]
    if len(own) != 1 or name in file.aliases or any(isinstance(each, ast.Yield) for each in ast.walk(own[0])):
        return False
    returned = [
        each.value for each in ast.walk(own[0]) if isinstance(each, ast.Return) and file.function(each) is own[0]
    ]
    return bool(returned) and all(each is not None and is_made_safe(file, each, depth) for each in returned)


def escapes_in_vain(text: str) -> bool:
    """Whether the text puts values where escaping HTML is not enough: a script, a handler, an unquoted attribute."""
    return bool(_IN_VAIN.search(text))
