"""Expressions that cannot be anything but what the code itself wrote: literals, marks, numbers, quoted names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from workers.fixers.python.source.module import Module

_MARKS = re.compile(r"[?%s:,()\s]*")
_QUOTES = re.compile(
    r"_*(?:escape|quote)_?(?:sql(?:ite)?_?)?(?:ident(?:ifier)?|name|table|column|field)s?|escape_sqlite", re.IGNORECASE
)
_CLASS = re.compile(r"(?:\w+\.)*[A-Z]\w*[a-z]\w*")
_NUMBERS = ("int", "len", "float", "round", "abs")
_DEEPEST = 6


def is_fixed(file: Module, node: ast.expr, line: int) -> bool:
    """Whether the expression at this line can only be what this code itself fixes."""
    return _is_fixed(file, node, line, 0)


def _is_fixed(file: Module, node: ast.expr, line: int, depth: int) -> bool:
    """Whether the expression can only be a literal of this file, parameter marks, a number or a quoted name."""
    if depth > _DEEPEST:
        return False
    deeper = depth + 1
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            return _is_fixed_name(file, name, line, deeper)
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, op=ast.Add(), right=other):
            return _is_fixed(file, one, line, depth) and _is_fixed(file, other, line, depth)
        case ast.BinOp(left=one, op=ast.Mult(), right=other):
            return _is_repeated(one) or _is_repeated(other)
        case ast.Subscript(value=value, slice=ast.Slice()):
            return _is_fixed(file, value, line, deeper)
        case ast.Subscript(value=ast.Name(id=name)):
            return _is_table(file, name, line, deeper)
        case ast.JoinedStr(values=values):
            parts = [each.value for each in values if isinstance(each, ast.FormattedValue)]
            return all(_is_fixed(file, each, line, deeper) for each in parts)
        case ast.Call():
            return _is_fixed_call(file, node, line, deeper)
    return _is_named(file, node)


def _is_named(file: Module, node: ast.expr) -> bool:
    """Whether it is a table's own name, or the value of an enumeration's member."""
    match node:
        case ast.Attribute(attr="db_table" | "__tablename__"):
            return True
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=name)), attr="value" | "name"):
            return _is_enumeration(file, name)
        case ast.Attribute(value=ast.Name(id=name)) if _is_enumeration(file, name):
            return True
        case ast.Attribute(value=owner, attr=name):
            return _is_own(owner, name) and file.is_constant(name)
    return False


def _is_own(owner: ast.expr, name: str) -> bool:
    """Whether the attribute is surely one that this project defines: of `self`, of a class, private, or a constant."""
    written = ast.unparse(owner)
    own = written in ("self", "cls", "self.__class__", "type(self)") or bool(_CLASS.fullmatch(written))
    return own or name.isupper() or (name.startswith("_") and isinstance(owner, ast.Name | ast.Attribute))


def _is_enumeration(file: Module, name: str) -> bool:
    """Whether the name is an enumeration that this file defines."""
    made = [node for node in file.nodes if isinstance(node, ast.ClassDef) and node.name == name]
    bases = (base for node in made for base in node.bases)
    return len(made) == 1 and any(ast.unparse(base).rpartition(".")[2].endswith("Enum") for base in bases)


def _is_table(file: Module, name: str, line: int, depth: int) -> bool:
    """Whether the variable is a dict or a list whose every value is fixed, whichever of them is taken."""
    bound = list(values_of(file, name, line))
    return bool(bound) and all(
        isinstance(value, ast.Dict | ast.List | ast.Tuple)
        and None not in getattr(value, "keys", ())
        and all(
            _is_fixed(file, each, line, depth) for each in (value.values if isinstance(value, ast.Dict) else value.elts)
        )
        for value in bound
    )


def _is_repeated(node: ast.expr) -> bool:
    """`"?," * n`, and `["?"] * n` inside of a join."""
    match node:
        case ast.Constant(value=str(text)):
            return bool(_MARKS.fullmatch(text))
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return bool(elements) and all(_is_repeated(each) for each in elements)
    return False


def _is_fixed_call(file: Module, call: ast.Call, line: int, depth: int) -> bool:
    match call:
        case ast.Call(func=ast.Attribute(attr="join", value=ast.Constant(value=str())), args=[given], keywords=[]):
            return _are_fixed(file, given, line, depth)
        case ast.Call(func=ast.Attribute(attr="format", value=ast.Constant(value=str())), args=given, keywords=named):
            values = [*given, *(each.value for each in named)]
            return not any(isinstance(each, ast.Starred) for each in values) and all(
                _is_fixed(file, each, line, depth) for each in values
            )
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in _NUMBERS or bool(_QUOTES.fullmatch(name))
    return False


def _are_fixed(file: Module, node: ast.expr, line: int, depth: int) -> bool:
    """Whether every element that is joined is fixed."""
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return all(_is_fixed(file, each, line, depth) for each in elements)
        case (
            ast.GeneratorExp(
                elt=ast.Name(id=name), generators=[ast.comprehension(target=ast.Name(id=each), iter=given)]
            )
            | ast.ListComp(elt=ast.Name(id=name), generators=[ast.comprehension(target=ast.Name(id=each), iter=given)])
        ) if each == name:
            return depth <= _DEEPEST and _are_fixed(file, given, line, depth + 1)
        case ast.GeneratorExp(elt=element) | ast.ListComp(elt=element):
            return _is_fixed(file, element, line, depth) and not isinstance(element, ast.Name)
        case ast.BinOp(op=ast.Mult()):
            return _is_fixed(file, node, line, depth)
        case ast.Call(func=ast.Name(id="repeat") | ast.Attribute(attr="repeat"), args=[first, *_]):
            return _is_fixed(file, first, line, depth)
        case ast.Name(id=name):
            bound = list(values_of(file, name, line))
            return bool(bound) and all(
                value is not None and not isinstance(value, ast.Name) and _are_fixed(file, value, line, depth + 1)
                for value in bound
            )
    return False


def _is_fixed_name(file: Module, name: str, line: int, depth: int) -> bool:
    """Whether all that the variable is ever given is fixed: by assignments, or by a loop over literals."""
    bound = list(values_of(file, name, line))
    if bound and not any(bound) and (original := _imported(file, name, len(bound))) is not None:
        return file.is_constant(original)
    if bound == [None] and (handed := file.handed(line, name)):
        return all(_is_fixed(where, each, each.lineno, depth) for where, each in handed)
    return bool(bound) and all(value is not None and _is_fixed(file, value, line, depth) for value in bound)


def _imported(file: Module, name: str, times: int) -> str | None:
    """What the name is called in the module that it is imported from, where imports alone bind it."""
    aliases = [each for node in file.nodes if isinstance(node, ast.ImportFrom) for each in node.names]
    originals = [each.name for each in aliases if (each.asname or each.name) == name]
    return originals[0] if len(originals) == times and len(set(originals)) == 1 else None


def values_of(file: Module, name: str, line: int, *, nested: bool = False) -> Iterator[ast.expr | None]:
    """What the name is bound to in its scope, and what its text or list grows by; `None` for what is not in sight."""
    for node in _scope(file, name, line):
        match node:
            case ast.Assign(targets=[ast.Name(id=bound)], value=value) if bound == name:
                yield value
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=given)) if len(names) == len(
                given
            ) and any(isinstance(each, ast.Name) and each.id == name for each in names):
                yield from (value for each, value in zip(names, given, strict=True) if _names(each, name))
            case ast.AnnAssign(target=ast.Name(id=bound), value=ast.expr() as value) if bound == name:
                yield value
            case ast.For(target=ast.Name(id=bound), iter=several) if bound == name and not nested:
                yield from _elements(file, several, line)
            case ast.AugAssign(target=ast.Name(id=bound), op=ast.Add(), value=value) if bound == name:
                yield value
            case ast.Call(func=ast.Attribute(value=ast.Name(id=bound), attr="append"), args=[value], keywords=[]) if (
                bound == name
            ):
                yield ast.List(elts=[value], ctx=ast.Load())
            case ast.Call(func=ast.Attribute(value=ast.Name(id=bound), attr="extend"), args=[value], keywords=[]) if (
                bound == name
            ):
                yield value
            case _ if _binds(node, name) or _grows(node, name):
                yield None


def _elements(file: Module, several: ast.expr, line: int) -> Iterator[ast.expr | None]:
    """What a loop takes from the expression, where that is written out; `None` where it is not."""
    values = list(values_of(file, several.id, line, nested=True)) if isinstance(several, ast.Name) else [several]
    for value in values or [None]:
        match value:
            case ast.Tuple(elts=each) | ast.List(elts=each) | ast.Set(elts=each):
                yield from each
            case _:
                yield None


def _grows(node: ast.AST, name: str) -> bool:
    """Whether a list of that name gets more there than it was made with."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=bound), attr="append" | "extend" | "insert" | "update")):
            return bound == name
        case ast.Subscript(value=ast.Name(id=bound), ctx=ast.Store()):
            return bound == name
    return False


def _binds(node: ast.AST, name: str) -> bool:
    match node:
        case ast.arg(arg=bound) | ast.alias(name=bound, asname=None) | ast.alias(asname=bound):
            return bound == name
        case ast.Global(names=names) | ast.Nonlocal(names=names):
            return name in names
        case ast.Assign(targets=targets):
            return any(_names(target, name) for target in targets)
        case ast.For(target=target) | ast.AugAssign(target=target) | ast.NamedExpr(target=target):
            return _names(target, name)
        case ast.comprehension(target=target) | ast.withitem(optional_vars=ast.expr() as target):
            return _names(target, name)
    return False


def _names(target: ast.expr, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(target))


def _scope(file: Module, name: str, line: int) -> list[ast.AST]:
    """The nodes of the innermost function around the line that binds the name, else of the module."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    around = [node for node in file.nodes if isinstance(node, kinds) and node.lineno <= line <= _end(node)]
    for function in sorted(around, key=lambda node: _end(node) - node.lineno):
        nodes = list(ast.walk(function))
        if any(_binds(node, name) for node in nodes):
            return nodes
    return file.nodes


def _end(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> int:
    return node.end_lineno or node.lineno
