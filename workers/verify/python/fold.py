"""A Python file with its constants worked out: `verify=not True` → `verify=False`, `'m' + 'd5'` → `'md5'`.

A scanner looks for a literal; an expression that can only have that value hides it. What this leaves is scanned again.
"""

from __future__ import annotations

import ast
import functools
import posixpath
from typing import Any

_SWITCHES = frozenset(("verify", "shell", "debug", "autoescape", "check_hostname", "usedforsecurity"))
"""Arguments that are asked for their truth only."""
_PURE: dict[str, Any] = {
    "bool": bool,
    "bytes": bytes,
    "chr": chr,
    "dict": dict,
    "float": float,
    "int": int,
    "len": len,
    "list": list,
    "reversed": lambda value: list(reversed(value)),
    "str": str,
    "tuple": tuple,
}
_METHODS = frozenset(("join", "format", "replace", "strip", "lower", "upper", "decode", "encode", "lstrip", "rstrip"))
_LONGEST = 4096


def plain(tree: ast.Module) -> bytes | None:
    """The module as Python writes it, constants worked out; none where it says the same already."""
    try:
        sides = [_plain(statement) for statement in tree.body]
    except (ValueError, RecursionError):
        return None
    if all(before == after for before, after in sides):
        return None
    return "\n".join(after for _, after in sides).encode("utf-8", "surrogateescape")


@functools.lru_cache(maxsize=8192)
def _plain(statement: ast.stmt) -> tuple[str, str]:
    """A statement as Python writes it, and with its constants worked out."""
    before = ast.unparse(statement)
    return before, ast.unparse(_Fold().visit(ast.parse(before)))


class _Unknown(Exception):
    """The value is decided when the program runs."""


def constant(node: ast.AST, unknown: Any = None) -> Any:
    """The value that an expression can only have; `unknown` where that is not decided by the text."""
    try:
        return _value(node)
    except (_Unknown, ArithmeticError, TypeError, ValueError, LookupError, AttributeError, MemoryError, RecursionError):
        return unknown


def is_constant(node: ast.AST) -> bool:
    """Whether the text alone decides the expression's value."""
    return constant(node, _Unknown) is not _Unknown


def _value(node: ast.AST) -> Any:
    reader = _READERS.get(type(node))
    if reader is None:
        raise _Unknown
    value = reader(node)
    if isinstance(value, str | bytes | list | tuple) and len(value) > _LONGEST:
        raise _Unknown
    return value


def _bool(node: Any) -> Any:
    """`a and False` is never true, whatever `a` is."""
    found: Any = _Unknown
    ends = isinstance(node.op, ast.Or)
    values = [constant(part, _Unknown) for part in node.values]
    for value in values:
        if value is not _Unknown and bool(value) is ends:
            return value
        found = value
    if _Unknown in values:
        raise _Unknown
    return found


def _binary(node: Any) -> Any:
    left, right = _value(node.left), _value(node.right)
    operate = _OPERATORS.get(type(node.op))
    if operate is None or (
        isinstance(node.op, ast.Mult | ast.Pow | ast.LShift) and max(_size(left), _size(right)) > 64
    ):
        raise _Unknown
    return operate(left, right)


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | bytes | list | tuple) else min(abs(int(value)), 1000)


def _compare(node: Any) -> Any:
    if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARISONS:
        raise _Unknown
    return _COMPARISONS[type(node.ops[0])](_value(node.left), _value(node.comparators[0]))


def _unary(node: Any) -> Any:
    return _UNARY[type(node.op)](_value(node.operand))


def _joined(node: Any) -> str:
    return "".join(str(_value(part)) for part in node.values)


def _formatted(node: Any) -> Any:
    if node.format_spec is not None or node.conversion not in (-1, 115):
        raise _Unknown
    return _value(node.value)


def _call(node: Any) -> Any:
    arguments = [_value(argument) for argument in node.args]
    named = {keyword.arg: _value(keyword.value) for keyword in node.keywords if keyword.arg}
    if len(named) != len(node.keywords):
        raise _Unknown
    if isinstance(node.func, ast.Name) and node.func.id in _PURE:
        if any(isinstance(argument, int) and abs(argument) > _LONGEST * 300 for argument in arguments):
            raise _Unknown
        return _PURE[node.func.id](*arguments, **named)
    if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
        return getattr(_value(node.func.value), node.func.attr)(*arguments, **named)
    raise _Unknown


def _subscript(node: Any) -> Any:
    index = node.slice
    if isinstance(index, ast.Slice):
        parts = [_value(part) if part is not None else None for part in (index.lower, index.upper, index.step)]
        return _value(node.value)[slice(*parts)]
    return _value(node.value)[_value(index)]


def _dictionary(node: Any) -> Any:
    if None in node.keys:
        raise _Unknown
    return {_value(key): _value(value) for key, value in zip(node.keys, node.values, strict=True)}


_READERS: dict[type, Any] = {
    ast.Constant: lambda node: node.value,
    ast.BoolOp: _bool,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.JoinedStr: _joined,
    ast.FormattedValue: _formatted,
    ast.Call: _call,
    ast.Subscript: _subscript,
    ast.Dict: _dictionary,
    ast.Tuple: lambda node: tuple(_value(part) for part in node.elts),
    ast.List: lambda node: [_value(part) for part in node.elts],
    ast.IfExp: lambda node: _value(node.body if _value(node.test) else node.orelse),
}
_OPERATORS: dict[type, Any] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b, ast.Mod: lambda a, b: a % b,
    ast.BitAnd: lambda a, b: a & b, ast.BitOr: lambda a, b: a | b, ast.BitXor: lambda a, b: a ^ b,
    ast.FloorDiv: lambda a, b: a // b, ast.LShift: lambda a, b: a << b, ast.RShift: lambda a, b: a >> b,
}  # fmt: skip
_UNARY: dict[type, Any] = {
    ast.Not: lambda value: not value,
    ast.USub: lambda value: -value,
    ast.UAdd: lambda value: +value,
    ast.Invert: lambda value: ~value,
}
_COMPARISONS: dict[type, Any] = {
    ast.Eq: lambda a, b: a == b, ast.NotEq: lambda a, b: a != b, ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b, ast.Gt: lambda a, b: a > b, ast.GtE: lambda a, b: a >= b,
    ast.Is: lambda a, b: a is b, ast.IsNot: lambda a, b: a is not b,
}  # fmt: skip


class _Fold(ast.NodeTransformer):
    """Replaces what has only one value by that value."""

    def visit(self, node: ast.AST) -> Any:
        """Expressions from the outside in: the largest that is constant goes."""
        if isinstance(node, ast.expr) and not isinstance(node, ast.Constant | ast.List | ast.Tuple | ast.Dict):
            value = constant(node, _Unknown)
            if value is not _Unknown and isinstance(value, str | bytes | int | float | bool | None):
                return ast.copy_location(ast.Constant(_path(value)), node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return ast.copy_location(ast.Constant(_path(node.value)), node)
        return super().visit(node)

    def visit_Call(self, node: ast.Call) -> Any:  # the name that `ast` calls
        """`f(**{'a': 1})` → `f(a=1)`; switches get the truth of their value."""
        self.generic_visit(node)
        keywords: list[ast.keyword] = []
        for keyword in node.keywords:
            given = constant(keyword.value, None) if keyword.arg is None else None
            if isinstance(given, dict):
                keywords += [ast.keyword(str(name), ast.Constant(value)) for name, value in given.items()]
            else:
                keywords.append(keyword)
        for keyword in keywords:
            value = constant(keyword.value, _Unknown)
            if keyword.arg in _SWITCHES and value is not _Unknown and (not isinstance(value, str) or not value):
                keyword.value = ast.Constant(bool(value))
        node.keywords = keywords
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        """A string with values in it stays as it is written."""
        return node


def _path(value: Any) -> Any:
    """A path without detours; anything else as it is."""
    return posixpath.normpath(value) if isinstance(value, str) and value.startswith("/") and "/../" in value else value
