"""What goes into HTML: whether it may be escaped while it is inserted, and lists of pieces that are joined."""

from __future__ import annotations

import ast
import itertools
import keyword
import re
from collections.abc import Iterator, Sequence

import msgspec

from workers.fixers.pieces import Template, Value
from workers.fixers.python.html.calls import is_html_elsewhere, may_give_html
from workers.fixers.python.source.module import Module
from workers.fixers.python.source.strings import template, written_like
from workers.fixers.registry import NoFix

PLAIN_ESCAPES = ("html.escape", "cgi.escape", "xml.sax.saxutils.escape")
ESCAPES = ("markupsafe.escape", "flask.escape", "django.utils.html.escape", "django.utils.html.conditional_escape")
_MADE = (
    "django.utils.html.format_html",
    "django.utils.html.format_html_join",
    "django.utils.safestring.mark_safe",
    *ESCAPES,
)
"""Calls that give HTML which Django or markupsafe know to be safe; mark_safe has a finding of its own."""
_MARKS = re.compile(r"<\s*[a-zA-Z/!]|&\w+;")
_NAMED = re.compile(r"html|markup|svg", re.IGNORECASE)
_LIBRARIES = ("django.utils.html.", "html.", "markupsafe.", "flask.")
_UNNAMED = itertools.repeat("")
_TAKEN = ("format_string", "self")
_OWN = ("self", "cls")
_PUTS = ("append", "appendleft", "extend", "insert", "add")
_SPECIAL = re.compile(r"[<>&'\"]")


def is_typed(file: Module, node: ast.AST) -> bool:
    """Whether the call gives HTML that is known as such where it is inserted, and so is not escaped again."""
    return file.calls(node, *_MADE)


def has_marks(text: str) -> bool:
    """Whether the text holds a tag or an entity."""
    return bool(_MARKS.search(text))


def unescaped(file: Module, call: ast.expr, source: str) -> str:
    """The value as it has to be where it is escaped while it is inserted.

    Raises:
        NoFix: it holds HTML on purpose, or is escaped elsewhere, and would be escaped twice.
    """
    node = ast.parse(f"({source})", mode="eval").body
    if isinstance(node, ast.Call) and file.qualified(node.func) == "str" and len(node.args) == 1:
        inner = node.args[0]
        node = inner if isinstance(inner, ast.Call) and not node.keywords else node
    if _escapes(file, node) and isinstance(node, ast.Call) and len(node.args) == 1:
        node = node.args[0]
    made = list(_made(file, call, node))
    known = bool(made) and isinstance(node, ast.Name) and not any(True for each in made for _ in _parts(file, each))
    joins = any(_joins(part) for each in (node, *made) for part in ast.walk(each))
    lost = joins and any(is_typed(file, part) for each in (node, *made) for part in ast.walk(each))
    handed = file.handed(call.lineno, node.id) if isinstance(node, ast.Name) else []
    lost = lost or any(_is_html(where, part) for where, each in handed for part in _parts(where, each))
    if lost or (not known and any(_is_html(file, part) for each in (node, *made) for part in _parts(file, each))):
        message = (
            f"{file.path}:{call.lineno} inserts `{source}`, which is or may be HTML already and would be escaped twice"
        )
        raise NoFix(message)
    return source if node.col_offset <= 1 and "\n" not in source else ast.unparse(node)


def _joins(node: ast.AST) -> bool:
    """Whether it is a `join` of a text, whose result does not know any more that its pieces are HTML."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join"


def _parts(file: Module, node: ast.AST) -> Iterator[ast.AST]:
    """The nodes in it, without results that are known to be HTML, which nothing escapes again."""
    match node:
        case ast.IfExp(body=one, orelse=other):
            yield from (*_parts(file, one), *_parts(file, other))
        case ast.BoolOp(values=each):
            yield from itertools.chain.from_iterable(_parts(file, one) for one in each)
        case ast.expr() if not is_typed(file, node):
            yield from ast.walk(node)
        case ast.stmt():
            yield from ast.walk(node)


def _is_html(file: Module, node: ast.AST) -> bool:
    """Whether the part holds HTML, says by its name that it does, or is escaped text that does not know it."""
    match node:
        case ast.Constant(value=value):
            return has_marks(str(value))
        case ast.Name(id=name):
            return is_html_elsewhere(file, name) if name in file.aliases else bool(_NAMED.search(name))
        case ast.Attribute(attr=name):
            known = (file.qualified(node) or "").startswith(_LIBRARIES)
            return not known and bool(_NAMED.search(name) or may_give_html(file, node))
        case ast.AugAssign():
            return True
        case ast.Call():
            return _escapes(file, node) or may_give_html(file, node)
    return False


def _escapes(file: Module, node: ast.AST) -> bool:
    """Whether the call gives escaped text that does not know that it is."""
    return isinstance(node, ast.Call) and file.qualified(node.func) in PLAIN_ESCAPES


def _made(file: Module, call: ast.expr, node: ast.AST, known: frozenset[str] = frozenset()) -> Iterator[ast.AST]:
    """What the variables in the value are given, and those in that."""
    for part in ast.walk(node):
        name = part.id if isinstance(part, ast.Name) else ""
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id in _OWN:
            name = f"{part.value.id}.{part.attr}"
        if name and name not in known:
            for given in _given(file, call, name):
                yield given
                if not is_typed(file, given):
                    yield from _made(file, call, given, known | {name})


def _given(file: Module, call: ast.expr, name: str) -> Iterator[ast.AST]:
    """What else the function around the call, or the file for what it does not bind, gives the variable or puts into
    it; the whole statement where it adds to it.
    """
    function = file.function(call) if "." not in name else None
    local = list(_bindings(function, call, name)) if function is not None else []
    arguments = (each.arg for each in ast.walk(function) if isinstance(each, ast.arg)) if function is not None else ()
    if local or name in arguments:
        yield from local
    else:
        yield from _bindings(file.tree, call, name)


def _bindings(scope: ast.AST, call: ast.expr, name: str) -> Iterator[ast.AST]:
    for node in ast.walk(scope):
        match node:
            case ast.Assign(targets=targets, value=value) if call is not value:
                yield from (value for each in targets if ast.unparse(each) == name)
            case (
                ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.For(target=target, iter=value)
                | ast.comprehension(target=target, iter=value)
            ) if ast.unparse(target) == name:
                yield value
            case ast.AugAssign(target=target) if ast.unparse(target) == name:
                yield node
            case ast.Call(func=ast.Attribute(value=holder, attr=method), args=given) if ast.unparse(holder) == name:
                yield from given if method in _PUTS else ()
            case ast.FunctionDef(name=own) if name == f"self.{own}":
                yield from (each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value)


class Joined(msgspec.Struct, frozen=True):
    """`SEPARATOR.join(PIECE for … in …)`, where the piece is HTML with values."""

    separator: str
    piece: Template
    loops: str
    """The source from `for` on."""


def joined(file: Module, source: str) -> Joined | None:
    """The joined pieces that the expression is; `None` for all else."""
    match ast.parse(f"({source})", mode="eval").body:
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(separator)), attr="join"),
            args=[ast.GeneratorExp(elt=piece, generators=loops) | ast.ListComp(elt=piece, generators=loops)],
            keywords=[],
        ) if not any(each.is_async for each in loops):
            own = Module(file.path, f"({ast.unparse(piece)})".encode())
            line = template(own, own.tree.body[0].value) if isinstance(own.tree.body[0], ast.Expr) else None
            if line is None or not line.values or not has_marks(line.literal):
                return None
            whole = ast.unparse(ast.GeneratorExp(elt=ast.Constant(value=0), generators=loops))
            return Joined(separator, line, whole.removeprefix("(0").removesuffix(")").strip())
    return None


def escapes_to_itself(text: str) -> bool:
    """Whether the text stays as it is when it is escaped."""
    return not _SPECIAL.search(text)


def field_names(values: Sequence[str]) -> list[str]:
    """A name for each value, the last word of its source; the same for the same value, and each else of its own."""
    names: dict[str, str] = {}
    for value in values:
        words = [word for word in re.findall(r"[A-Za-z_]\w*", value) if not keyword.iskeyword(word)]
        base = words[-1].lower() if words and words[-1].lower() not in _TAKEN else "value"
        name, number = base, 2
        while names.get(value) is None:
            if name not in names.values():
                names[value] = name
            name, number = f"{base}_{number}", number + 1
    return [names[value] for value in values]


def braced(line: Template, place: str, source: str = "", names: Iterator[str] = _UNNAMED) -> str:
    """The template as a literal whose values are `{}`, or `{name}` by the names, over several lines where `source` is.

    Raises:
        NoFix: the text has braces of its own.
    """
    if "{" in line.literal or "}" in line.literal:
        message = f"{place} has braces of its own in the text"
        raise NoFix(message)
    parts = (f"{{{next(names)}}}" if isinstance(part, Value) else part for part in line.parts)
    return written_like(source, "".join(parts))


def percented(line: Template, source: str = "") -> str:
    """The template as a literal whose values are `%s`, over several lines where `source` is."""
    return written_like(
        source, "".join("%s" if isinstance(part, Value) else part.replace("%", "%%") for part in line.parts)
    )
