"""What the code of a repository passes for a parameter of one of its functions."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from workers.fixers.python.source.module import Module

Function = ast.FunctionDef | ast.AsyncFunctionDef
_OF_A_CLASS = ("staticmethod", "classmethod")


def passed(files: Iterable[Module], function: Function, name: str, *, method: bool) -> list[tuple[Module, ast.expr]]:
    """Each expression that a call in the files gives for the parameter, with its file; empty where not all are known.

    So where nothing calls the function, another one has its name, or it is handed on, decorated, or called with
    arguments that are unpacked.
    """
    decorated = [ast.unparse(each) for each in function.decorator_list]
    if function.name.startswith("__") or not {*decorated} <= {*_OF_A_CLASS}:
        return []
    bound = method and "staticmethod" not in decorated
    found: list[tuple[Module, ast.expr]] = []
    made = 0
    for file in files:
        for node in file.nodes:
            if isinstance(node, Function) and node.name == function.name:
                made += 1
            if not _is_of(node, function.name):
                continue
            call = file.parents.get(node)
            given = _given(call, function, name, bound) if isinstance(call, ast.Call) and call.func is node else None
            if given is None:
                return []
            found.append((file, given))
    return found if made == 1 else []


def _is_of(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Name(id=used, ctx=ast.Load()) | ast.Attribute(attr=used, ctx=ast.Load()):
            return used == name
    return False


def _given(call: ast.Call, function: Function, name: str, bound: bool) -> ast.expr | None:
    if any(isinstance(each, ast.Starred) for each in call.args) or any(each.arg is None for each in call.keywords):
        return None
    arguments = function.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)][bound:]
    named = {each.arg: each.value for each in call.keywords}
    if name in named:
        return named[name]
    if name in names and names.index(name) < len(call.args):
        return call.args[names.index(name)]
    return _default(arguments, name)


def _default(arguments: ast.arguments, name: str) -> ast.expr | None:
    given = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(reversed(given), reversed(arguments.defaults), strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return next((default for each, default in pairs if each.arg == name), None)
