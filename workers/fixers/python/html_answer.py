"""Answers to a browser that are put together from values, as HTML."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import any_of, candidate, region
from workers.fixers.pieces import Template, Value, joined
from workers.fixers.python.html.context import unescapable
from workers.fixers.python.html.sent import Sent, is_from_request, made_by_call, sent
from workers.fixers.python.html.values import braced, has_marks, is_typed, percented, unescaped
from workers.fixers.python.source.imports import Import, imported_from
from workers.fixers.python.source.module import Module, module
from workers.fixers.python.source.strings import f_string, template
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_WIDEST = 110  # columns
_WHY = "Each value is escaped while it is inserted; the HTML around it stays as it is."
_WARNINGS = ("A value that is HTML on purpose is shown as text unless it is marked safe where it is made.",)
_DATA = re.compile(r"[{}\[\]\"\n\t;]|\w\(")
"""What a text that no browser is to show has: JSON, lists of values, code."""


@fixer(
    name="python-html-answer",
    weakness="values of a request in an answer that is HTML",
    cwes=(79, 80),
    rules={
        "semgrep": [
            "directly-returned-format-string",
            "response-contains-unsanitized-input",
            "raw-html-format",
            "reflected-data-httpresponse*",
        ]
    },
    explain="""What a view answers with a text goes out as `text/html`, so a value of the request that holds `<script>`
becomes a script of the page for whoever follows a prepared link (CWE-79).

`Markup("<b>{}</b>").format(name)` of markupsafe, and Django's `format_html("<b>{}</b>", name)`, escape each value while
they insert it and leave the HTML around it alone; `escape(name)` does so for one value. A template, rendered with
`render_template` or `render`, escapes all it is given, and is the better place for more than a line.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """A text with values → the same with its values escaped."""
    file = module(target)
    place = sent(file, region(target))
    line = _line(file, place)
    where = f"{file.path}:{place.built.lineno}"
    if place.kind and "html" not in place.kind:
        message = f"{where} is sent as {place.kind}, which a browser does not read as HTML"
        raise Harmless(message)
    if not has_marks(line.literal) and _DATA.search(line.literal):
        message = f"{where} is not surely HTML or words: where it is data, say so by its content type"
        raise NoFix(message)
    if (why := unescapable(line, addresses=True)) is not None:
        message = f"{where} has a value {why}: escaping for HTML does not end that"
        raise NoFix(message)
    escaped = [_Escaped(value, unescaped(file, place.built, value.source)) for value in line.values]
    if place.django:
        yield from any_of(
            lambda: _format_html(target, file, place, line, escaped),
            lambda: _each(target, file, place, line, "django.utils.html"),
        )
    else:
        yield from any_of(
            lambda: _markup(target, file, place, line, escaped),
            lambda: _percent(target, file, place, line, escaped),
        )


class _Escaped(msgspec.Struct, frozen=True):
    """A value, and how it is given to what escapes it."""

    value: Value
    source: str


def _line(file: Module, place: Sent) -> Template:
    """The pieces of what is sent; one value where it is no text with values."""
    line = template(file, place.built)
    if line is None and not isinstance(place.built, ast.Constant):
        line = Template((Value(file.text(place.built)),))
    if line is None or not line.values:
        message = f"{file.path}:{place.built.lineno} sends a text of its own: nothing comes in"
        raise Harmless(message)
    if is_typed(file, place.built):
        message = f"{file.path}:{place.built.lineno} escapes what it sends"
        raise Harmless(message)
    if any(not value.plain for value in line.values):
        message = f"{file.path}:{place.built.lineno} formats a value in its own way: escape it where it is made"
        raise NoFix(message)
    if len(line.parts) == 1 and not is_from_request(file, place.built):
        message = f"{file.path}:{place.built.lineno} sends what is made elsewhere: escape what goes into it there"
        raise NoFix(message)
    for value in line.values:
        if made := made_by_call(value.source):
            message = (
                f"{file.path}:{place.built.lineno} inserts what `{made}` gives, which may be HTML: escape it there"
            )
            raise NoFix(message)
    return line


def _markup(target: Target, file: Module, place: Sent, line: Template, escaped: list[_Escaped]) -> Candidate:
    name = imported_from(target, file, "markupsafe", "Markup")
    text = braced(line, f"{file.path}:{place.built.lineno}", file.text(place.built))
    return _candidate(file, place, "markup-format", _call(file, place, f"{name.name}({text}).format(", escaped), name)


def _percent(target: Target, file: Module, place: Sent, line: Template, escaped: list[_Escaped]) -> Candidate:
    name = imported_from(target, file, "markupsafe", "Markup")
    head = f"{name.name}({percented(line, file.text(place.built))}) % ("
    return _candidate(file, place, "markup-percent", _call(file, place, head, escaped, alone=","), name)


def _format_html(target: Target, file: Module, place: Sent, line: Template, escaped: list[_Escaped]) -> Candidate:
    if len(line.parts) == 1:
        message = f"{file.path}:{place.built.lineno} has no HTML of its own"
        raise NoFix(message)
    name = imported_from(target, file, "django.utils.html", "format_html")
    text = braced(line, f"{file.path}:{place.built.lineno}", file.text(place.built))
    given = [_Escaped(Value(text), text), *escaped]
    return _candidate(file, place, "format-html", _call(file, place, f"{name.name}(", given), name)


def _each(target: Target, file: Module, place: Sent, line: Template, source: str) -> Candidate:
    """Each value through `escape`, where it stands."""
    name = imported_from(target, file, source, "escape")
    parts = [part if isinstance(part, str) else Value(f"{name.name}({part.source})", text=True) for part in line.parts]
    whole = joined(parts)
    if any("\n" in part for part in whole.parts if isinstance(part, str)):
        message = f"{file.path}:{place.built.lineno} writes its HTML over several lines"
        raise NoFix(message)
    text = f_string(whole.parts)
    if text is None:
        message = f"{file.path}:{place.built.lineno} cannot be written as one f-string"
        raise NoFix(message)
    return _candidate(file, place, "escape", text, name)


def _call(file: Module, place: Sent, head: str, given: list[_Escaped], alone: str = "") -> str:
    """The call with what is given; one a line where a single line would be too long."""
    sources = [each.source for each in given]
    flat = f"{head}{', '.join(sources)}{alone if len(sources) == 1 else ''})"
    if place.built.col_offset + len(flat) <= _WIDEST or "\n" in head:
        return flat
    indent = file.indent(place.built.lineno)
    return f"{head}\n" + "".join(f"{indent}{file.indent_unit}{each},\n" for each in sources) + f"{indent})"


def _candidate(file: Module, place: Sent, approach: str, text: str, name: Import) -> Candidate:
    edits: list[Edit] = [file.replace(place.built, text), *name.edits]
    lines = {file.statement(place.built).lineno, file.statement(place.sink).lineno}
    declares = (*name.declares, *(f"statement:{line}" for line in sorted(lines)))
    return candidate(approach, edits, _WHY, declares=declares, warnings=_WARNINGS)
