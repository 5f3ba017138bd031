"""Where a view answers with a text that it puts together, and where that text is made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import msgspec

from daemon.domain.finding import Region
from workers.fixers.python.source.calls import keyword
from workers.fixers.python.source.module import Module
from workers.fixers.python.source.strings import template
from workers.fixers.python.source.variables import definitions
from workers.fixers.registry import NoFix, NotHere

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_ROUTES = ("route", "get", "post", "put", "patch", "delete")
_FLASK = ("flask.make_response", "flask.Response", "flask.wrappers.Response", "werkzeug.Response")
_DJANGO = re.compile(r"django\.http\.(?:response\.)?HttpResponse\w*")
_KINDS = ("content_type", "mimetype")
_REQUEST = re.compile(
    r"request\.(?:GET|POST|COOKIES|META|headers|args|form|values|cookies)(?:\.get\(.*\)|\[.*\])", re.DOTALL
)
_OF_TEXT = (
    "get",
    "strip",
    "lstrip",
    "rstrip",
    "lower",
    "upper",
    "title",
    "capitalize",
    "replace",
    "split",
    "isoformat",
)
_PLAIN = ("str", "int", "float", "len", "repr", "round", "max", "min", "sum", "abs")


class Sent(msgspec.Struct, frozen=True):
    """A text on its way to a browser."""

    built: ast.expr
    """The expression that makes it."""
    sink: ast.AST
    """The call, or the `return`, that sends it."""
    django: bool
    kind: str = ""
    """The content type that the call names, else the framework's own, `text/html`."""


def sent(file: Module, where: Region) -> Sent:
    """The text that is made or sent there; of a region from a value to its use, the one at its end.

    Raises:
        NotHere: nothing there sends a text.
        NoFix: it is changed, or handed to other code, on its way.
    """
    found = [each for sink, given in _sinks(file) for each in _from(file, sink, given)]
    lines = (where.start_line, where.last_line)
    for line in lines:
        here = [each for each in found if _covers(each.sink, line) or _covers(each.built, line)]
        if here:
            return min(here, key=lambda each: (abs(each.built.lineno - line), _length(each.built)))
    texts = [node for node in file.nodes if isinstance(node, ast.expr) and any(_covers(node, line) for line in lines)]
    if any((text := template(file, node)) is not None and text.values for node in texts):
        message = (
            f"{file.path}:{lines[0]} makes a text that is changed or handed on before it is sent: escape its values"
        )
        raise NoFix(message)
    sinks = any(_covers(sink, line) for sink, _ in _sinks(file) for line in lines)
    message = f"{file.path}:{lines[0]} sends what is made elsewhere: escape what goes into it there"
    raise (NoFix if sinks else NotHere)(message)


def _length(node: ast.expr) -> int:
    return (node.end_lineno or node.lineno) - node.lineno


def _sinks(file: Module) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Every call or `return` that sends a text, and what it is given."""
    for node in file.nodes:
        if isinstance(node, ast.Call) and node.args and not isinstance(node.args[0], ast.Starred):
            name = file.qualified(node.func) or ""
            if name in _FLASK or _DJANGO.fullmatch(name):
                yield node, node.args[0]
        elif isinstance(node, ast.Return) and node.value is not None and _is_view(file, node):
            value = node.value
            if isinstance(value, ast.Tuple) and value.elts:
                if any(isinstance(each, ast.Dict) for each in value.elts):
                    continue  # headers of its own, perhaps with a content type
                value = value.elts[0]
            yield node, value


def _is_view(file: Module, node: ast.AST) -> bool:
    """Whether the innermost function is one that Flask calls for a route."""
    function = file.function(node)
    if function is None or not any(meaning.partition(".")[0] == "flask" for meaning in file.aliases.values()):
        return False
    return any(
        isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in _ROUTES
        for each in function.decorator_list
    )


def _from(file: Module, sink: ast.AST, given: ast.expr) -> Iterator[Sent]:
    kind, django = "", False
    if isinstance(sink, ast.Call):
        django = bool(_DJANGO.fullmatch(file.qualified(sink.func) or ""))
        named = [value for name in _KINDS if (value := keyword(sink, name)) is not None]
        if named and isinstance(named[0].value, ast.Constant):
            kind = str(named[0].value.value)
        elif named or any(each.arg in (None, "headers") for each in sink.keywords):
            return  # what it is sent as is decided elsewhere
    if isinstance(given, ast.Name):
        defined = definitions(file, given)
        if defined is not None and len(defined) == 1 and _is_text(file, defined[0].value):
            yield Sent(defined[0].value, sink, django, kind)
        elif django:
            yield Sent(given, sink, django, kind)
        return
    if django or _is_text(file, given):
        yield Sent(given, sink, django, kind)


def _is_text(file: Module, node: ast.expr) -> bool:
    line = template(file, node)
    return line is not None and bool(line.values)


def _covers(node: ast.AST, line: int) -> bool:
    first = getattr(node, "lineno", 0)
    return first <= line <= (getattr(node, "end_lineno", None) or first)


def is_from_request(file: Module, node: ast.expr) -> bool:
    """Whether the expression is a text of the request, or a variable that is given nothing else."""
    if isinstance(node, ast.Name):
        defined = definitions(file, node)
        return bool(defined) and all(is_from_request(file, each.value) for each in defined or ())
    return _REQUEST.fullmatch(ast.unparse(node)) is not None


def made_by_call(source: str) -> str | None:
    """A call in the value whose result may be HTML: one that is neither of a text's methods nor of plain values."""
    for node in ast.walk(ast.parse(f"({source})", mode="eval")):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=name) if name in (*_PLAIN, "escape"):
                continue
            case ast.Attribute(attr=name) if name in (*_OF_TEXT, "escape"):
                continue
        return ast.unparse(node.func)
    return None
