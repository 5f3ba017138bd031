"""What the code calls a credential: its variable, attribute, key, argument or parameter."""

from __future__ import annotations

import ast
import re

from workers.fixers.python.module import Module

_GENERIC = re.compile(r"_*(?:(?:access|api|auth|app|client)?_?(?:secret|token|password)|\w*key)_*", re.IGNORECASE)
_SETTINGS = re.compile(r"Config|Settings|Env|Constants|Options|Defaults|Prod", re.IGNORECASE)


def called(file: Module, constant: ast.Constant) -> str | None:
    """What the code calls the value; `None` where it does not say."""
    if not isinstance(constant.value, str):
        return None
    parent = file.parents.get(constant)
    match parent:
        case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
            return _target_name(target)
        case ast.keyword(arg=str(name)):
            return name
        case ast.Dict():
            return _key_name(file, parent, constant)
        case ast.Compare(left=left, comparators=[right]):
            return _target_name(left) if right is constant else _target_name(right)
        case ast.arguments():
            return _parameter_name(parent, constant)
        case ast.Call(args=[_, second, *_]) if second is constant and file.calls(parent, "jwt.encode", "jwt.decode"):
            return "jwt_secret"
    return None


def told_apart(file: Module, constant: ast.Constant, name: str) -> str:
    """The name, after that of the class in which a name like `API_KEY` stands: others have one, too."""
    around = next((each for each in file.ancestors(constant) if isinstance(each, ast.ClassDef)), None)
    if around is None or not _GENERIC.fullmatch(name) or _SETTINGS.search(around.name):
        return name
    return f"{around.name}_{name}"


def _target_name(target: ast.expr) -> str | None:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return None


def _key_name(file: Module, parent: ast.Dict, constant: ast.AST) -> str | None:
    """The value's key, after the keys of the dicts around it: `{"admin": {"password": …}}` is `admin_password`."""
    for key, value in zip(parent.keys, parent.values, strict=True):
        if value is constant and isinstance(key, ast.Constant) and isinstance(key.value, str):
            outer = file.parents.get(parent)
            above = _key_name(file, outer, parent) if isinstance(outer, ast.Dict) else None
            return f"{above}_{key.value}" if above else key.value
    return None


def _parameter_name(arguments: ast.arguments, constant: ast.Constant) -> str | None:
    given = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(reversed(given), reversed(arguments.defaults), strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return next((parameter.arg for parameter, default in pairs if default is constant), None)
