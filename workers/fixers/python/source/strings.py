"""Strings put together from pieces: literals, f-strings, `+`, `%` and `.format`."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Sequence

import msgspec

from workers.fixers.pieces import Template, Value, joined
from workers.fixers.python.source.module import Module

_PERCENT = re.compile(r"%(?P<name>\(\w+\))?(?P<conversion>[sdi%])")


def template(file: Module, node: ast.AST) -> Template | None:
    """The string expression as a template; `None` where it is not surely one."""
    parts = _parts(file, node)
    return None if parts is None else joined(parts)


def _parts(file: Module, node: ast.AST) -> list[str | Value] | None:
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=values):
            return _each(file, values)
        case ast.FormattedValue(value=value, conversion=conversion, format_spec=spec):
            return [Value(_source(value), plain=conversion == -1 and spec is None, quoted=_is_quoted(file, value))]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _concatenated(file, left, right)
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod(), right=right):
            return _percent(file, text, right)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            return _format(file, text, node)
    return None


def _each(file: Module, nodes: Sequence[ast.AST]) -> list[str | Value] | None:
    found: list[str | Value] = []
    for node in nodes:
        parts = _parts(file, node)
        if parts is None:
            return None
        found += parts
    return found


def _concatenated(file: Module, left: ast.AST, right: ast.AST) -> list[str | Value] | None:
    """`a + b`, where at least one side is surely a string."""
    sides = [_parts(file, left), _parts(file, right)]
    if sides == [None, None]:
        return None
    nodes = (left, right)
    return [
        part
        for side, node in zip(sides, nodes, strict=True)
        for part in (side if side is not None else [_operand(file, node)])
    ]


def _operand(file: Module, node: ast.AST) -> Value:
    value = _value(file, node)
    return value if value.source != file.text(node) else msgspec.structs.replace(value, text=True)


def _value(file: Module, node: ast.AST) -> Value:
    if isinstance(node, ast.Call) and file.qualified(node.func) == "str" and len(node.args) == 1 and not node.keywords:
        return Value(file.text(node.args[0]), converted=True)
    return Value(file.text(node), quoted=_is_quoted(file, node))


def _percent(file: Module, text: str, right: ast.AST) -> list[str | Value] | None:
    named = _named(right) if isinstance(right, ast.Dict) else {}
    given = list(right.elts) if isinstance(right, ast.Tuple) else [] if named else [right]
    if any(isinstance(each, ast.Starred) for each in given) or named is None:
        return None
    found: list[str | Value] = []
    position = 0
    values = iter(given)
    for match in _PERCENT.finditer(text):
        if bool(match["name"]) != bool(named) and match["conversion"] != "%":
            return None
        found.append(text[position : match.start()])
        position = match.end()
        if match["conversion"] == "%":
            found.append("%")
            continue
        node = named.get(match["name"][1:-1]) if match["name"] else next(values, None)
        if node is None:
            return None
        value = _value(file, node)
        found.append(value if match["conversion"] == "s" else Value(value.source, plain=False, integer=True))
    found.append(text[position:])
    rest = _PERCENT.sub("", text)
    return None if next(values, None) is not None or "%" in rest else found


def _named(mapping: ast.Dict) -> dict[str, ast.expr] | None:
    """Key → value where every key is written out."""
    pairs = zip(mapping.keys, mapping.values, strict=True)
    named = {key.value: value for key, value in pairs if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return named if len(named) == len(mapping.keys) and named else None


def _format(file: Module, text: str, call: ast.Call) -> list[str | Value] | None:
    if any(isinstance(each, ast.Starred) for each in call.args) or any(each.arg is None for each in call.keywords):
        return None
    named = {str(each.arg): each.value for each in call.keywords}
    found: list[str | Value] = []
    counter = 0
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError:
        return None
    for literal, name, spec, conversion in fields:
        found.append(literal)
        if name is None:
            continue
        if name == "":
            name, counter = str(counter), counter + 1
        node = named.get(name) or (call.args[int(name)] if name.isdigit() and int(name) < len(call.args) else None)
        if node is None:
            return None
        found.append(Value(file.text(node), plain=not spec and not conversion, quoted=_is_quoted(file, node)))
    return found


def _source(node: ast.AST) -> str:
    """Source of an expression inside an f-string, where the parser's places are not exact before Python 3.12."""
    return ast.unparse(node)


def _is_quoted(file: Module, node: ast.AST) -> bool:
    return file.calls(node, "shlex.quote", "pipes.quote")


def literal(text: str, quote: str = '"') -> str:
    """The text as a Python string literal, in these quotes where that needs no escapes."""
    other = "'" if quote == '"' else '"'
    if quote in text and other not in text:
        quote, other = other, quote
    return quote + text.encode("unicode_escape").decode().replace(quote, "\\" + quote) + quote


def written_like(source: str, text: str) -> str:
    """The text as a literal, over several lines where `source` is written so."""
    quotes = next((each for each in ('"""', "'''") if each in source), None)
    if quotes is None or quotes in text or "\\" in text or text.endswith(quotes[0]):
        return literal(text)
    return f"{quotes}{text}{quotes}"


def f_string(parts: Sequence[str | Value], quote: str = '"') -> str | None:
    """The pieces as one expression: a literal, a value, or an f-string; `None` where quotes would clash before 3.12."""
    if all(isinstance(part, str) for part in parts):
        return literal("".join(part for part in parts if isinstance(part, str)), quote)
    if len(parts) == 1 and isinstance(parts[0], Value):
        return parts[0].source if parts[0].text else f"str({parts[0].source})"
    sources = "".join(part.source for part in parts if isinstance(part, Value))
    free = next((each for each in (quote, "'", '"') if each not in sources), None)
    if free is None or "\\" in sources or "\n" in sources or "#" in sources:
        return None
    body = "".join(_brace(part, free) if isinstance(part, str) else f"{{{part.source}}}" for part in parts)
    return f"f{free}{body}{free}"


def _brace(text: str, quote: str) -> str:
    escaped = text.encode("unicode_escape").decode().replace(quote, "\\" + quote)
    return escaped.replace("{", "{{").replace("}", "}}")
