"""HTML put together from values and declared safe."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.pieces import Value
from workers.fixers.python.imports import imported_from
from workers.fixers.python.module import Module, flagged
from workers.fixers.python.strings import literal, template
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_SAFE = "django.utils.safestring.mark_safe"
_PLAIN_ESCAPES = ("html.escape", "cgi.escape", "xml.sax.saxutils.escape")
_ESCAPES = ("markupsafe.escape", "flask.escape", "django.utils.html.escape", "django.utils.html.conditional_escape")
_RENDERS = ("flask.render_template", "django.template.loader.render_to_string")
_PLAIN_AGAIN = ("unescape", "striptags")
_MARKS = re.compile(r"<\s*[a-zA-Z/!]|&\w+;")
_WIDEST = 110  # columns
_MARKUP = ("markupsafe.Markup", "flask.Markup", "jinja2.Markup")


@fixer(
    name="python-markup",
    weakness="unescaped values in HTML",
    cwes=(79,),
    rules={
        "bandit": ["B308", "B703", "B704"],
        "semgrep": ["avoid-mark-safe", "explicit-unescape-with-markup", "formathtml-fstring-parameter"],
    },
    explain="""`mark_safe` and `Markup` tell the template engine that a string is HTML and needs no escaping. A value
pasted into that string beforehand is then not escaped either: `<script>` in a name becomes a script of the page
(CWE-79).

`format_html("<b>{}</b>", name)` in Django, and `Markup("<b>{}</b>").format(name)` or `Markup("<b>%s</b>") % (name,)`
in markupsafe escape each value while they insert it, and leave the literal HTML alone. A value that is safe HTML itself
stays as it is if it is marked so where it is made.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """HTML with pasted values → HTML whose values are escaped while they are inserted."""
    file, call = flagged(target, ast.Call, _declares_safe)
    if isinstance(call.args[0], ast.Call) and file.qualified(call.args[0].func) in (*_PLAIN_ESCAPES, *_ESCAPES):
        message = f"{file.path}:{call.lineno} escapes what it declares safe"
        raise Harmless(message)
    _refuse_safe(file, call)
    line = template(file, call.args[0])
    if line is None or not line.values or any(not value.plain for value in line.values):
        message = (
            f"{file.path}:{call.lineno} declares a value safe that is made elsewhere: escape what goes into it there"
        )
        raise NoFix(message)
    if "{" in line.literal or "}" in line.literal:
        message = f"{file.path}:{call.lineno} has braces of its own in the text"
        raise NoFix(message)
    text = literal("".join("{}" if isinstance(part, Value) else part for part in line.parts))
    values = [_unescaped(file, call, value.source) for value in line.values]
    warnings = ("A value that is HTML on purpose is shown as text unless it is marked safe where it is made.",)
    why = "Each value is escaped while it is inserted; the literal HTML stays."
    if file.calls(call, _SAFE):
        html = imported_from(target, file, "django.utils.html", "format_html")
        edits = [file.replace(call, _written(file, call, f"{html.name}(", [text, *values])), *html.edits]
        yield candidate("format-html", edits, why, declares=html.declares, warnings=warnings)
        return
    function = file.text(call.func)
    formatted = _written(file, call, f"{function}({text}).format(", values)
    yield candidate("markup-format", [file.replace(call, formatted)], why, warnings=warnings)
    marked = literal("".join("%s" if isinstance(part, Value) else part.replace("%", "%%") for part in line.parts))
    whole = _written(file, call, f"{function}({marked}) % (", values, alone=",")
    yield candidate(
        "markup-percent",
        [file.replace(call, f"({whole})" if _binds_tighter(file.parents[call]) else whole)],
        why,
        warnings=warnings,
    )


def _refuse_safe(file: Module, call: ast.Call) -> None:
    """Say so where nothing is declared safe after all, or where a template engine has escaped what is.

    Raises:
        Harmless: it is so.
    """
    outer = file.parents.get(call)
    if not isinstance(outer, ast.Attribute) or not isinstance(file.parents.get(outer), ast.Call):
        outer = None
    if outer is not None and outer.attr in _PLAIN_AGAIN and file.calls(call, *_MARKUP):
        message = f"{file.path}:{call.lineno} only uses Markup to read the text: the result is a plain string again"
        raise Harmless(message)
    if _is_rendered(file, call.args[0]):
        message = f"{file.path}:{call.lineno} declares safe what a template gave, which escaped each value already"
        raise Harmless(message)


def _is_rendered(file: Module, node: ast.expr) -> bool:
    """Whether an HTML template of this name, in an engine that escapes in such templates, makes the text."""
    if not file.calls(node, *_RENDERS) or not isinstance(node, ast.Call) or not node.args:
        return False
    name = node.args[0]
    return isinstance(name, ast.Constant) and str(name.value).endswith((".html", ".htm", ".xml"))


def _written(file: Module, call: ast.Call, head: str, given: Sequence[str], alone: str = "") -> str:
    """`head` with what is given and a closing bracket; one a line where a single line would be too long to read."""
    flat = f"{head}{', '.join(given)}{alone if len(given) == 1 else ''})"
    if call.col_offset + len(flat) <= _WIDEST:
        return flat
    indent = file.indent(call.lineno)
    return f"{head}\n" + "".join(f"{indent}{file.indent_unit}{each},\n" for each in given) + f"{indent})"


def _unescaped(file: Module, call: ast.Call, source: str) -> str:
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
    parts = list(ast.walk(node))
    html = any(isinstance(part, ast.Constant) and _MARKS.search(str(part.value)) for part in parts)
    made = [each for part in parts if isinstance(part, ast.Name) for each in _assigned(file, call, part.id)]
    if html or any(_escapes(file, part) for each in (node, *made) for part in ast.walk(each)):
        message = f"{file.path}:{call.lineno} inserts `{source}`, which is HTML already and would be escaped twice"
        raise NoFix(message)
    return source if node.col_offset <= 1 and "\n" not in source else ast.unparse(node)


def _escapes(file: Module, node: ast.AST) -> bool:
    """Whether the call gives escaped text that does not know that it is."""
    return isinstance(node, ast.Call) and file.qualified(node.func) in _PLAIN_ESCAPES


def _assigned(file: Module, call: ast.Call, name: str) -> list[ast.expr]:
    """What the function around the call gives the variable."""
    scope = file.function(call) or file.tree
    return [
        node.value
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign) and any(isinstance(each, ast.Name) and each.id == name for each in node.targets)
    ]


def _binds_tighter(parent: ast.AST) -> bool:
    """Whether `a % b` in place of a call would be read differently."""
    return isinstance(parent, ast.BinOp | ast.UnaryOp | ast.Attribute | ast.Subscript | ast.Await | ast.Starred)


def _declares_safe(file: Module, call: ast.Call) -> bool:
    return file.calls(call, _SAFE, *_MARKUP) and len(call.args) == 1 and not call.keywords
