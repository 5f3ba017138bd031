"""Local variables whose every definition and use is in sight."""

from __future__ import annotations

import ast

from workers.fixers.python.source.module import Module

_SHOWS = ("debug", "info", "warning", "error", "exception", "critical", "log")


def definitions(file: Module, use: ast.Name) -> list[ast.Assign] | None:
    """The plain assignments that alone give the variable its value; it is used at `use`, and else only shown.

    `None` where it is bound in another way, or anything else uses it.
    """
    scope = file.function(use) or file.tree
    names = [node for node in ast.walk(scope) if isinstance(node, ast.Name) and node.id == use.id]
    if scope is file.tree:
        names = [node for node in file.nodes if isinstance(node, ast.Name) and node.id == use.id]
    bound = [node for node in ast.walk(scope) if _binds(node, use.id)]
    plain = [node for node in bound if isinstance(node, ast.Assign) and len(node.targets) == 1]
    if not plain or len(plain) != len(bound) or any(isinstance(node.ctx, ast.Del) for node in names):
        return None
    stores = [node for node in names if isinstance(node.ctx, ast.Store)]
    loads = [node for node in names if isinstance(node.ctx, ast.Load) and node is not use]
    if len(stores) != len(plain) or not all(isinstance(each.targets[0], ast.Name) for each in plain):
        return None
    return plain if all(_is_shown(file, node) for node in loads) else None


def _is_shown(file: Module, node: ast.AST) -> bool:
    """Whether the value is only printed or logged there."""
    call = file.parents.get(node)
    while isinstance(call, ast.FormattedValue | ast.JoinedStr):
        call = file.parents.get(call)
    if not isinstance(call, ast.Call) or node is call.func:
        return False
    logs = isinstance(call.func, ast.Attribute) and call.func.attr in _SHOWS
    return logs or file.qualified(call.func) == "print"


def _binds(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Assign(targets=targets):
            return any(
                isinstance(each, ast.Name) and each.id == name for target in targets for each in ast.walk(target)
            )
        case ast.AugAssign(target=ast.Name(id=bound)) | ast.AnnAssign(target=ast.Name(id=bound)):
            return bound == name
        case ast.arg(arg=bound):
            return bound == name
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return name in names
    return False
