"""HTML put together from values and declared safe."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import any_of, candidate
from workers.fixers.pieces import Template, Value
from workers.fixers.python.html.made import escapes_in_vain
from workers.fixers.python.html.safe import refuse_made_safe, refuse_safe
from workers.fixers.python.html.values import (
    braced,
    escapes_to_itself,
    field_names,
    has_marks,
    joined,
    percented,
    unescaped,
)
from workers.fixers.python.source.import_instead import instead
from workers.fixers.python.source.imports import Import, imported_from, together
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.repository import InRepository
from workers.fixers.python.source.strings import literal, template
from workers.fixers.python.source.variables import definitions
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.test_code import harmless_in_tests

_SAFE = tuple(f"django.utils.safestring.{name}" for name in ("mark_safe", "SafeString", "SafeText"))
_WIDEST = 110  # columns
_WHY = "Each value is escaped while it is inserted; the literal HTML stays."
_WARNINGS = ("A value that is HTML on purpose is shown as text unless it is marked safe where it is made.",)
_MARKUP = ("markupsafe.Markup", "flask.Markup", "jinja2.Markup")


@fixer(
    name="python-markup",
    weakness="unescaped values in HTML",
    cwes=(79,),
    rules={
        "bandit": ["B308", "B703", "B704"],
        "semgrep": ["avoid-mark-safe", "explicit-unescape-with-markup"],
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
    found, call = flagged(target, ast.Call, _declares_safe)
    file = InRepository(found, target.tree)
    refuse_safe(file, call)
    with harmless_in_tests(target, "the HTML is what the test itself makes up"):
        yield from _escaped(target, file, call)


def _escaped(target: Target, file: Module, call: ast.Call) -> Iterator[Candidate]:
    try:
        yield from _inserted(target, file, call)
    except NoFix:
        refuse_made_safe(file, call)
        raise


def _inserted(target: Target, file: Module, call: ast.Call) -> Iterator[Candidate]:
    built, line = _built(file, call)
    if not has_marks(line.literal) and not any(joined(file, value.source) for value in line.values):
        message = f"{file.path}:{call.lineno} has all of its HTML in the values: escape what goes into them there"
        raise NoFix(message)
    if escapes_in_vain("".join(_marked_places(line))):
        message = (
            f"{file.path}:{call.lineno} inserts a value into a script, a style, a handler or an attribute without "
            "quotes, where escaping for HTML is not enough, or spoils it: hand it over by json_script or an attribute"
        )
        raise NoFix(message)
    place = _Place(file, call, built)
    if file.calls(call, *_SAFE):
        yield from _django(target, place, line)
    else:
        yield from _markupsafe(place, line)


def _marked_places(line: Template) -> Iterator[str]:
    """The text, with each value as a mark of its own."""
    for part in line.parts:
        yield part if isinstance(part, str) else "\ufffc"


_Insert = Callable[["_Place", str, Template, Sequence[str]], str]


class _Place(msgspec.Struct, frozen=True):
    """The call that declares the text safe, and the expression that makes it: the same, or a variable's value."""

    file: Module
    call: ast.Call
    built: ast.expr

    def edits(self, text: str) -> list[Edit]:
        """`text` where the HTML is made, and nothing declared safe any more."""
        if self.built is self.call.args[0]:
            return [self.file.replace(self.call, text)]
        return [self.file.replace(self.built, text), self.file.replace(self.call, self.file.text(self.call.args[0]))]

    @property
    def where(self) -> str:
        """The place for a person."""
        return f"{self.file.path}:{self.call.lineno}"

    @property
    def source(self) -> str:
        """The HTML as it is written today."""
        return self.file.text(self.built)

    @property
    def declares(self) -> tuple[str, ...]:
        """The statement that makes the text, where it is another one."""
        if self.built is self.call.args[0]:
            return ()
        return (f"statement:{self.file.statement(self.built).lineno}",)

    def written(self, head: str, given: Sequence[str], alone: str = "") -> str:
        """`head` with what is given and a closing bracket; one a line where a single line would be too long."""
        flat = f"{head}{', '.join(given)}{alone if len(given) == 1 else ''})"
        start = self.call if self.built is self.call.args[0] else self.built
        if start.col_offset + len(flat) <= _WIDEST:
            return flat
        indent = self.file.indent(start.lineno)
        return f"{head}\n" + "".join(f"{indent}{self.file.indent_unit}{each},\n" for each in given) + f"{indent})"


def _built(file: Module, call: ast.Call) -> tuple[ast.expr, Template]:
    """The expression that makes the HTML, and its pieces.

    Raises:
        NoFix: it is not in sight, or its values are formatted in a way of their own.
    """
    built = call.args[0]
    if isinstance(built, ast.Name):
        defined = definitions(file, built)
        built = defined[0].value if defined and len(defined) == 1 and file.function(call) else built
    line = template(file, built)
    if line is None and joined(file, ast.unparse(built)) is not None:
        line = Template((Value(ast.unparse(built)),))
    if line is None or not line.values or any(not value.plain for value in line.values):
        message = (
            f"{file.path}:{call.lineno} declares a value safe that is made elsewhere: escape what goes into it there"
        )
        raise NoFix(message)
    return built, line


def _django(target: Target, place: _Place, line: Template) -> Iterator[Candidate]:
    needed: list[Import] = []
    values = [_django_value(target, place, value.source, needed) for value in line.values]
    if len(line.parts) == 1:
        yield _django_candidate(place, "format-html", values[0], needed)
        return
    needed.insert(0, imported_from(target, place.file, "django.utils.html", "format_html"))
    head = f"{needed[0].name}("
    text = place.written(head, [braced(line, place.where, place.source), *values])
    yield _django_candidate(place, "format-html", text, needed)
    if len(set(values)) < len(values) and any("(" in value for value in values):
        return  # a call that is made twice stays so
    names = dict(zip(values, field_names(values), strict=True))
    fields = braced(line, place.where, place.source, iter(names[value] for value in values))
    given = [f"{name}={value}" for value, name in names.items()]
    yield _django_candidate(place, "format-html-named", place.written(head, [fields, *given]), needed)


def _django_candidate(place: _Place, approach: str, text: str, needed: Sequence[Import]) -> Candidate:
    names = instead(place.file, place.call.func, _at_once(needed))
    declares = (*names.declares, *place.declares)
    return candidate(approach, [*place.edits(text), *names.edits], _WHY, declares=declares, warnings=_WARNINGS)


def _at_once(needed: Sequence[Import]) -> Import:
    """The imports as one, where they would stand at the same place."""
    first, *others = {each.name: each for each in needed}.values()
    for other in others:
        if first.edits and other.edits and first.edits[0].start == other.edits[0].start:
            edit = first.edits[0]
            text = edit.text.replace(first.name, f"{first.name}, {other.name}", 1)
            first = Import(first.name, (msgspec.structs.replace(edit, text=text),), first.declares)
        else:
            first = together(first, other)
    return first


def _django_value(target: Target, place: _Place, source: str, needed: list[Import]) -> str:
    """The value as `format_html` is to be given it; pieces that are joined, by `format_html_join`."""
    pieces = joined(place.file, source)
    if pieces is None:
        return unescaped(place.file, place.call, source)
    if not escapes_to_itself(pieces.separator):
        message = f"{place.where} joins its pieces by HTML, which format_html_join would escape"
        raise NoFix(message)
    html = imported_from(target, place.file, "django.utils.html", "format_html_join")
    needed.append(html)
    values = ", ".join(unescaped(place.file, place.call, value.source) for value in pieces.piece.values)
    given = f"({values}{',' if len(pieces.piece.values) == 1 else ''})"
    text = braced(pieces.piece, place.where)
    return place.written(f"{html.name}(", [literal(pieces.separator), text, f"({given} {pieces.loops})"])


def _markupsafe(place: _Place, line: Template) -> Iterator[Candidate]:
    yield from any_of(
        lambda: _marked(place, line, "markup-format", _formatted),
        lambda: _marked(place, line, "markup-percent", _percented),
    )


def _marked(place: _Place, line: Template, approach: str, insert: _Insert) -> Candidate:
    file = place.file
    function = file.text(place.call.func)
    values = [_marked_value(place, value.source, insert) for value in line.values]
    text = values[0] if len(line.parts) == 1 else insert(place, function, line, values)
    tight = insert is _percented and place.built is place.call.args[0] and _binds_tighter(file.parents[place.call])
    whole = f"({text})" if tight and len(line.parts) > 1 else text
    return candidate(approach, place.edits(whole), _WHY, declares=place.declares, warnings=_WARNINGS)


def _marked_value(place: _Place, source: str, insert: _Insert) -> str:
    """The value as it is to be inserted; pieces that are joined, each marked and filled by itself."""
    pieces = joined(place.file, source)
    if pieces is None:
        return unescaped(place.file, place.call, source)
    function = place.file.text(place.call.func)
    values = [unescaped(place.file, place.call, value.source) for value in pieces.piece.values]
    filled = insert(place, function, pieces.piece, values)
    return f"{function}({literal(pieces.separator)}).join({filled} {pieces.loops})"


def _formatted(place: _Place, function: str, line: Template, values: Sequence[str]) -> str:
    return place.written(f"{function}({braced(line, place.where, place.source)}).format(", values)


def _percented(place: _Place, function: str, line: Template, values: Sequence[str]) -> str:
    return place.written(f"{function}({percented(line, place.source)}) % (", values, alone=",")


def _binds_tighter(parent: ast.AST) -> bool:
    """Whether `a % b` in place of a call would be read differently."""
    return isinstance(parent, ast.BinOp | ast.UnaryOp | ast.Attribute | ast.Subscript | ast.Await | ast.Starred)


def _declares_safe(file: Module, call: ast.Call) -> bool:
    return file.calls(call, *_SAFE, *_MARKUP) and len(call.args) == 1 and not call.keywords
