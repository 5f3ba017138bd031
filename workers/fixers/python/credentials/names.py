"""What the code calls a credential: its variable, attribute, key, argument or parameter."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath

from workers.fixers.python.source.module import Module
from workers.fixers.secrets.names import environment_name, is_label, own_name

_GENERIC = re.compile(r"_*(?:(?:access|api|auth|app|client)?_?(?:secret|token|password)|\w*key)_*", re.IGNORECASE)
_SETTINGS = re.compile(r"Config|Settings|Env|Constants|Options|Defaults|Prod", re.IGNORECASE)

_ANY_MODULE = re.compile(
    r"_*(?:app|main|init|run|manage|wsgi|asgi|index|server|views?|models?|routes?|utils?|common|base|conf(?:ig(?:uration)?)?|settings"
    r"|constants?|const|env|local|prod\w*|dev\w*|defaults?)_*",
    re.IGNORECASE,
)
"""Names of modules that say nothing about what is in them."""
_ANY_CLASS = ("Command", "Main", "Meta")
"""Names of classes that say nothing either."""
_ADDS = ("add", "set_defaults", "setdefaults", "add_defaults", "read_dict", "defaults")
_CONFIGURATION = re.compile(r"conf|settings|options|prefs|defaults", re.IGNORECASE)
_DEFAULTS = re.compile(r"(?:^|_)defaults?(?:_|$)", re.IGNORECASE)
_WHOSE = re.compile(r"user(?:_?name|_?id)?|login|id|name|e?mail|account|owner|service", re.IGNORECASE)
_OF_A_FORM = re.compile(
    r"(?:class(?:es)?|css|styles?|labels?|types|widgets?|icons?|messages|errors|titles|placeholders?|help_?texts?|attrs)$",
    re.IGNORECASE,
)
"""What holds how the field of a form looks, or what is said of it, by the field's name."""
_WORD = re.compile(r"[A-Za-z][\w.-]{0,24}")


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
            return parameter_name(parent, constant)
        case ast.Call(args=[_, second, *_]) if second is constant and file.calls(parent, "jwt.encode", "jwt.decode"):
            return "jwt_secret"
    return None


def variable_of(file: Module, constant: ast.Constant, name: str) -> str:
    """The environment's variable for the value, which no other value of the file shares.

    After the class in which a name like `API_KEY` stands, or the module, where others have one, too.
    """
    variable = _named(file, constant, name)
    if not _is_shared(file, constant, variable):
        return variable
    owner = _owner(file, constant)
    if owner is not None and not _is_shared(file, constant, f"{owner}_{variable}"):
        return f"{owner}_{variable}"
    values = list(dict.fromkeys(each.value for each in _called_so(file, variable)))
    before = values.index(constant.value) if constant.value in values else len(values)
    number = before + 1 + _is_read(file, variable)
    while number > 1 and _is_read(file, f"{variable}_{number}"):
        number += 1
    return variable if number == 1 else f"{variable}_{number}"


def _named(file: Module, constant: ast.Constant, name: str) -> str:
    classes = (each for each in file.ancestors(constant) if isinstance(each, ast.ClassDef))
    around = next((each for each in classes if each.name not in _ANY_CLASS), None)
    parent = file.parents.get(constant)
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Subscript):
        return environment_name(name)  # a framework's own key, as `app.config["SECRET_KEY"]`
    if around is not None and _SETTINGS.search(around.name):
        return environment_name(name)
    if around is not None and _GENERIC.fullmatch(name):
        return environment_name(f"{around.name}_{name}")
    stem = PurePosixPath(file.path).stem
    return own_name(name, around.name if around is not None else None if _ANY_MODULE.fullmatch(stem) else stem)


def _called_so(file: Module, variable: str) -> list[ast.Constant]:
    """The file's literals that would be read from the variable, in their order."""
    named = [(node, name) for node in file.nodes if isinstance(node, ast.Constant) and (name := called(file, node))]
    real = [(node, name) for node, name in named if not is_label(str(node.value), name)]
    found = [node for node, name in real if _named(file, node, name) == variable]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _is_shared(file: Module, constant: ast.Constant, variable: str) -> bool:
    """Whether another value of the file has that variable, or would be given it."""
    return _is_read(file, variable) or any(each.value != constant.value for each in _called_so(file, variable))


def _is_read(file: Module, variable: str) -> bool:
    names = (variable, f"{variable}_FILE")
    return any(
        isinstance(node, ast.Constant) and node.value in names and _reads(file, file.parents.get(node))
        for node in file.nodes
    )


def _reads(file: Module, node: ast.AST | None) -> bool:
    match node:
        case ast.Subscript(value=value, ctx=ast.Load()):
            return file.qualified(value) == "os.environ"
    return node is not None and file.calls(node, "os.environ.get", "os.getenv")


def _owner(file: Module, constant: ast.Constant) -> str | None:
    """Whose credential it is, where the same call or dict says so: `user="me"` beside `password="…"`."""
    holder = file.parents.get(constant)
    pairs: list[tuple[object, ast.expr]] = []
    if isinstance(holder, ast.Dict):
        keys = [each.value if isinstance(each, ast.Constant) else None for each in holder.keys]
        pairs = list(zip(keys, holder.values, strict=True))
    elif isinstance(holder, ast.keyword) and isinstance(call := file.parents.get(holder), ast.Call):
        pairs = [(each.arg, each.value) for each in call.keywords]
    for key, value in pairs:
        if isinstance(key, str) and _WHOSE.fullmatch(key) and isinstance(value, ast.Constant):
            word = str(value.value).partition("@")[0]
            if _WORD.fullmatch(word):
                return environment_name(word)
    return None


def is_overridable(file: Module, constant: ast.Constant) -> bool:
    """Whether the configuration of each user goes before it: a dict of defaults, or names of a module that local ones
    replace.
    """
    statement = file.statement(constant)
    replaced = (each for each in file.nodes if isinstance(each, ast.ImportFrom) and each.names[0].name == "*")
    if file.parents.get(statement) is file.tree and any(each.lineno > statement.lineno for each in replaced):
        return True
    if not isinstance(file.parents.get(constant), ast.Dict):
        return False
    for outer in file.ancestors(constant):
        match outer:
            case ast.Call(func=ast.Attribute(attr=method, value=receiver)):
                return method in _ADDS and bool(_CONFIGURATION.search(ast.unparse(receiver)))
            case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
                return bool(_DEFAULTS.search(_target_name(target) or ""))
            case ast.stmt():
                return False
    return False


def _target_name(target: ast.expr) -> str | None:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=holder, slice=ast.Constant(value=str(name))):
            return None if _OF_A_FORM.search(ast.unparse(holder)) else name
    return None


def _key_name(file: Module, parent: ast.Dict, constant: ast.AST) -> str | None:
    """The value's key, after the keys of the dicts around it: `{"admin": {"password": …}}` is `admin_password`."""
    for key, value in zip(parent.keys, parent.values, strict=True):
        if value is constant and isinstance(key, ast.Constant) and isinstance(key.value, str):
            outer = file.parents.get(parent)
            above = _key_name(file, outer, parent) if isinstance(outer, ast.Dict) else None
            if above == "default" and isinstance(statement := file.statement(parent), ast.Assign):
                above = (_target_name(statement.targets[0]) or above).rstrip("Ss")
            return f"{above}_{key.value}" if above else key.value
    return None


def parameter_name(arguments: ast.arguments, constant: ast.Constant) -> str | None:
    """The parameter whose default it is."""
    given = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(reversed(given), reversed(arguments.defaults), strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return next((parameter.arg for parameter, default in pairs if default is constant), None)
