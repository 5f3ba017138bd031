"""HTML put together from values and declared safe."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.pieces import Value
from workers.fixers.python.imports import imported_from
from workers.fixers.python.module import Module, flagged
from workers.fixers.python.strings import literal, template
from workers.fixers.registry import NoFix, Target, fixer

_SAFE = "django.utils.safestring.mark_safe"
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
    values = ", ".join(value.source for value in line.values)
    warnings = ("A value that is HTML on purpose is shown as text unless it is marked safe where it is made.",)
    why = "Each value is escaped while it is inserted; the literal HTML stays."
    if file.calls(call, _SAFE):
        html = imported_from(target, file, "django.utils.html", "format_html")
        edits = [file.replace(call, f"{html.name}({text}, {values})"), *html.edits]
        yield candidate("format-html", edits, why, declares=html.declares, warnings=warnings)
        return
    function = file.text(call.func)
    yield candidate(
        "markup-format", [file.replace(call, f"{function}({text}).format({values})")], why, warnings=warnings
    )
    marked = literal("".join("%s" if isinstance(part, Value) else part.replace("%", "%%") for part in line.parts))
    whole = f"{function}({marked}) % ({values}{',' if len(line.values) == 1 else ''})"
    yield candidate(
        "markup-percent",
        [file.replace(call, f"({whole})" if _binds_tighter(file.parents[call]) else whole)],
        why,
        warnings=warnings,
    )


def _binds_tighter(parent: ast.AST) -> bool:
    """Whether `a % b` in place of a call would be read differently."""
    return isinstance(parent, ast.BinOp | ast.UnaryOp | ast.Attribute | ast.Subscript | ast.Await | ast.Starred)


def _declares_safe(file: Module, call: ast.Call) -> bool:
    return file.calls(call, _SAFE, *_MARKUP) and len(call.args) == 1 and not call.keywords
