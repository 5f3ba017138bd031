"""`format_html` that gets its values already pasted into the HTML."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.html.context import unescapable
from workers.fixers.python.html.values import braced, field_names, has_marks, unescaped
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.strings import template
from workers.fixers.registry import NoFix, Target, fixer

_WHY = "Each value is escaped while it is inserted; the HTML around it stays as it is."
_WARNINGS = ("A value that is HTML on purpose is shown as text unless it is marked safe where it is made.",)


@fixer(
    name="django-format-html",
    weakness="unescaped values in HTML",
    cwes=(79,),
    rules={"semgrep": ["formathtml-fstring-parameter"]},
    explain="""`format_html` escapes the values that it is given beside the HTML. One that is pasted into the HTML
before is a part of it, so `<script>` in a name becomes a script of the page (CWE-79).

The HTML with `{}` where the values belong, and the values after it, is what the function is for; with more than a few,
names keep the two together: `format_html("<b>{name}</b>", name=name)`.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`format_html(f"<b>{x}</b>")` → with the value beside the HTML."""
    file, call = flagged(target, ast.Call, _formats)
    if len(call.args) != 1 or call.keywords:
        message = f"{file.path}:{call.lineno} pastes some of its values and gives others: give all of them"
        raise NoFix(message)
    built = call.args[0]
    line = template(file, built)
    if line is None or not line.values or any(not value.plain for value in line.values):
        message = f"{file.path}:{call.lineno} formats a text that is made elsewhere, or in a way of its own"
        raise NoFix(message)
    if not has_marks(line.literal) and len(line.parts) == 1:
        message = f"{file.path}:{call.lineno} has all of its HTML in the value: escape what goes into it there"
        raise NoFix(message)
    if (why := unescapable(line, addresses=False)) is not None:
        message = f"{file.path}:{call.lineno} has a value {why}: escaping for HTML does not end that"
        raise NoFix(message)
    where, source = f"{file.path}:{call.lineno}", file.text(built)
    values = [unescaped(file, call, value.source) for value in line.values]
    text = braced(line, where, source)
    yield candidate("values", [file.replace(built, ", ".join([text, *values]))], _WHY, warnings=_WARNINGS)
    if len(set(values)) < len(values) and any("(" in value for value in values):
        return  # a call that is made twice stays so
    names = dict(zip(values, field_names(values), strict=True))
    fields = braced(line, where, source, iter(names[value] for value in values))
    given = [fields, *(f"{name}={value}" for value, name in names.items())]
    yield candidate("named-values", [file.replace(built, ", ".join(given))], _WHY, warnings=_WARNINGS)


def _formats(file: Module, call: ast.Call) -> bool:
    return file.calls(call, "django.utils.html.format_html") and bool(call.args)
