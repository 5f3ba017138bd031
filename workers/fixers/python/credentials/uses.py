"""What a literal that looks like a credential is there for."""

from __future__ import annotations

import ast
import re

from workers.fixers.python.source.module import Module

_NOT_DEPLOYED = re.compile(
    r"(?:Base)?(?:Unit)?(?:Tests?|Testing|Dev|Development|Debug|Local)_?(?:Config|Configuration|Settings|Env|Environment)?"
    r"|(?:Config|Configuration|Settings)_?(?:Tests?|Testing|Dev|Development|Debug|Local)"
)
_FOLDERS_OF_SETTINGS = re.compile(r"(?:^|/)(?:settings|config|conf)/((?:dev|development|debug|local)\w*)\.py$")
_KINDS = frozenset(("password", "passwd", "pass", "secret", "token"))
_WHOSE = re.compile(r"user|login|account", re.IGNORECASE)
_PLACE = re.compile(r"host|server|port|\bdb|database|engine", re.IGNORECASE)
"""What stands beside the password of an account."""
_MANY = 6
_STORE = re.compile(r"secret_?(?:id|name)?", re.IGNORECASE)
_WRITES = re.compile(r"create|put|set(?!_?name)|update|store|add|client", re.IGNORECASE)
_ENUMERATION = re.compile(r"(?:Enum|Flag|Choices)$")
_ANYBODYS = frozenset(("user", "username", "user_name", "login"))


def is_first_account(file: Module, constant: ast.Constant) -> bool:
    """`create_user("admin", password="admin")`."""
    call = file.parents.get(file.parents.get(constant, constant))
    if not isinstance(call, ast.Call):
        return False
    given = [*call.args, *(each.value for each in call.keywords)]
    return any(each is not constant and ast.dump(each) == ast.dump(constant) for each in given)


def not_deployed(file: Module, constant: ast.Constant) -> str | None:
    """The class or module of settings for tests or for a developer's machine in which the value stands."""
    if module := _FOLDERS_OF_SETTINGS.search(file.path):
        return module[1]
    body = (each for each in file.ancestors(constant) if isinstance(each, ast.ClassDef | ast.FunctionDef))
    around = next(body, None)
    return around.name if isinstance(around, ast.ClassDef) and _NOT_DEPLOYED.fullmatch(around.name) else None


def is_one_of_words(file: Module, constant: ast.Constant) -> bool:
    """Whether what it is compared with is compared with another text, too, as a parser does it with its keywords.

    Or may be this very text, which then stands for none given.
    """
    parent = file.parents.get(constant)
    if isinstance(parent, ast.Dict):
        return _maps_names(parent)
    if isinstance(parent, ast.Assign) and isinstance(around := file.parents.get(parent), ast.ClassDef):
        return any(_ENUMERATION.search(ast.unparse(base)) for base in around.bases)
    if not isinstance(parent, ast.Compare):
        return False
    sought = ast.unparse(parent.left)
    others = (node for node in file.nodes if isinstance(node, ast.Compare) and ast.unparse(node.left) == sought)
    texts = {part.value for node in others for part in ast.walk(node) if isinstance(part, ast.Constant)}
    if len({text for text in texts if isinstance(text, str) and text}) > 1:
        return True
    same = (node for node in file.nodes if isinstance(node, ast.Constant) and node.value == constant.value)
    return any(node is not constant and not isinstance(file.parents.get(node), ast.Compare) for node in same)


def _maps_names(table: ast.Dict) -> bool:
    """Whether the dict says of many names which other name each has, as of columns, attributes or their kinds."""
    keys = [each.value for each in table.keys if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    values = [each.value for each in table.values if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    names = [each for each in values if each.isidentifier() and each.islower()]
    return len(names) == len(table.keys) >= _MANY and not any(_PLACE.search(each) for each in keys)


def is_expected(file: Module, constant: ast.Constant) -> bool:
    """Whether an assert of the file compares with the same literal."""
    asserted = (node for node in file.nodes if isinstance(node, ast.Assert))
    parts = (part for node in asserted for part in ast.walk(node.test) if isinstance(part, ast.Constant))
    return any(part.value == constant.value for part in parts)


def names_a_store(file: Module, constant: ast.Constant) -> bool:
    """`Secret(secret="shop-secrets", key="password")`: the value lies elsewhere, under that name."""
    argument = file.parents.get(constant)
    call = file.parents.get(argument) if isinstance(argument, ast.keyword) else None
    if not isinstance(argument, ast.keyword) or not isinstance(call, ast.Call):
        return False
    asked = ast.unparse(call.func).rpartition(".")[2]
    found = _STORE.fullmatch(str(argument.arg)) is not None and re.search("secret", asked, re.IGNORECASE) is not None
    return found and _WRITES.search(asked) is None


def is_example(file: Module, constant: ast.Constant) -> bool:
    """Whether it stands below a key or a parameter called `example`, as descriptions of an API have them."""
    inner: ast.AST = constant
    for outer in file.ancestors(constant):
        keys: list[object] = []
        if isinstance(outer, ast.Dict):
            held = zip(outer.keys, outer.values, strict=True)
            keys = [key.value for key, value in held if value is inner and isinstance(key, ast.Constant)]
        elif isinstance(outer, ast.keyword):
            keys = [outer.arg]
        if any(key in {"example", "examples"} for key in keys):
            return True
        inner = outer
    return False


def is_shown(file: Module, constant: ast.Constant) -> bool:
    """`MAIL_PASSWORD = "password"` beside `MAIL_USERNAME = "username"`: where one's own belong."""
    if str(constant.value).lower() not in _KINDS:
        return False
    pairs: list[tuple[str, object]]
    for node in file.nodes:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=ast.Constant(value=str(text))
            ):
                pairs = [(name, text)]
            case ast.Dict(keys=keys, values=values) if constant in values:
                texts = [(key, value) for key, value in zip(keys, values, strict=True) if key is not None]
                pairs = [(ast.unparse(key), value.value) for key, value in texts if isinstance(value, ast.Constant)]
            case _:
                continue
        if any(_WHOSE.search(name) and str(text).lower() in _ANYBODYS for name, text in pairs):
            return True
    return False
