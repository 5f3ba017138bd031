"""SQL text with inserted values, turned into SQL text with marks and a list of values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from workers.fixers.pieces import Value
from workers.fixers.registry import NoFix

_STATEMENT = re.compile(r"\s*(?:from|with|select|insert|update|delete|replace|merge|call|exec)\b", re.IGNORECASE)
_COMPARED = re.compile(r"(?:=|<|>|\b(?:i?like|then|else|regexp)|\bbetween|\bbetween\s+\S+\s+and)\s*$", re.IGNORECASE)
_COUNTED = re.compile(r"\b(?:limit|offset|limit\s+\S+\s*,)\s*$", re.IGNORECASE)
_LISTED = re.compile(r"\b(?:values|in)\s*\((?P<before>[^()]*)$", re.IGNORECASE)
_FRAGMENT = re.compile(
    r"placeholder|_now\b|col|field|table|sql|query|clause|cond|where|order|sort|filter|expr|schema|join\(",
    re.IGNORECASE,
)
_REQUESTED = re.compile(r"\b(?:req|request|ctx)(?:\.request)?\.query\b")
"""What a request says behind its address, which is no query of a database."""
_JOINS = re.compile(r"\bjoin\(")
_AFTER = re.compile(r"\s|[),;]|$")


Join = Callable[[Sequence[str | Value]], str | None]


class Bound(msgspec.Struct, frozen=True):
    """A query whose values are bound."""

    text: str
    """The SQL text, to be written as a literal."""
    names: tuple[str, ...]
    values: tuple[str, ...]
    """Source of the expressions, one for each mark."""
    bare: tuple[bool, ...] = ()
    """Whether each stood in no quotes of the query."""
    counted: tuple[bool, ...] = ()
    """Whether each says how many rows are asked for."""


def bind(parts: Sequence[str | Value], style: str, place: str, join: Join) -> Bound:
    """Text and values → text with marks of a style, and the values' expressions.

    Styles are `?`, `%s`, `named` (`:name`), `pyformat` (`%(name)s`), and `$` (`$1`). `join` writes text and
    values as one expression of the language.

    Raises:
        NoFix: a value stands where SQL takes no parameter, or the text is not surely a statement.
    """
    if not parts or not isinstance(parts[0], str) or not _STATEMENT.match(parts[0]):
        message = f"{place} does not begin as a SQL statement, so where its values stand is not certain"
        raise NoFix(message)
    return _Binder(style, place, join).bind(list(parts))


def quoted_as_texts(parts: Sequence[str | Value], is_other: Callable[[Value], bool]) -> list[str | Value]:
    """The pieces, with `str()` around each value in quotes that is no text: the quotes made it one for the database."""
    quotes = {id(value): quote for value, quote in _placed(parts)}
    return [
        msgspec.structs.replace(part, source=f"str({part.source})")
        if isinstance(part, Value) and quotes[id(part)] == "'" and is_other(part)
        else part
        for part in parts
    ]


def _placed(parts: Sequence[str | Value]) -> Iterator[tuple[Value, str | None]]:
    """Each value, with the quote that is open there."""
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
        else:
            yield part, _open_quote(text)


class _Binder:
    """Walks over the pieces once; `raw` is the SQL written so far."""

    def __init__(self, style: str, place: str, join: Join) -> None:
        self.style = style
        self.place = place
        self.join = join
        self.raw = ""
        self.names: list[str] = []
        self.values: list[str] = []
        self.pieces: list[str] = []
        self.bare: list[bool] = []
        self.counted: list[bool] = []

    def bind(self, parts: list[str | Value]) -> Bound:
        while parts:
            part = parts.pop(0)
            if isinstance(part, str):
                self._write(part)
            elif (quote := _open_quote(self.raw)) is not None:
                self._quoted(part, parts, quote)
            else:
                self._bare(part, parts)
        marks = tuple(self.names), tuple(self.values), tuple(self.bare), tuple(self.counted)
        return Bound("".join(self.pieces), *marks)

    def _write(self, text: str) -> None:
        if (self.style == "?" and "?" in text) or (self.style == "named" and re.search(r"(?<!:):\w", text)):
            self._refuse("holds the driver's own parameter mark as text")
        self.raw += text
        self.pieces.append(text.replace("%", "%%") if self.style in {"%s", "pyformat"} else text)

    def _quoted(self, value: Value, rest: list[str | Value], quote: str) -> None:
        """A value inside quotes: they go, and what stands beside it in them becomes a part of the value."""
        if _JOINS.search(value.source):
            self._refuse(f"pastes `{value.source}`, which is several values, into one quoted string")
        if not (value.plain or value.integer):
            self._refuse(f"formats `{value.source}` in its own way, which a parameter does not")
        opened = self.pieces[-1].rindex(quote) if self.pieces and quote in self.pieces[-1] else -1
        if opened < 0:
            self._refuse("spreads one quoted string over several pieces")
        prefix = self.pieces[-1][opened + 1 :].replace("%%", "%" if self.style in {"%s", "pyformat"} else "%%")
        before = self.pieces[-1][:opened]
        if not (_COMPARED.search(before) or _LISTED.search(self.raw[: self.raw.rindex(quote)])):
            self._refuse(f"pastes `{value.source}` into text where SQL may not take a parameter")
        inside: list[str | Value] = [prefix, value] if prefix else [value]
        while rest:
            part = rest.pop(0)
            if isinstance(part, Value):
                inside.append(part)
                continue
            body, closed, after = part.partition(quote)
            if body:
                inside.append(body)
            if closed:
                rest.insert(0, after)
                break
        else:
            self._refuse("does not close a quoted string")
        self.pieces[-1] = before
        self.raw = self.raw[: self.raw.rindex(quote)]
        whole = inside[0].source if len(inside) == 1 and isinstance(inside[0], Value) else self.join(inside)
        if whole is None:
            self._refuse("puts together one of its strings in a form that cannot be written as one expression")
        self._mark(value, whole or "", bare=False)

    def _bare(self, value: Value, rest: list[str | Value]) -> None:
        after = rest[0] if rest and isinstance(rest[0], str) else ""
        listed = _LISTED.search(self.raw)
        alone = listed is not None and not listed["before"].strip() and after.lstrip().startswith(")")
        compared = _COMPARED.search(self.raw) or (listed and not alone and re.search(r"[(,]\s*$", self.raw))
        counted = _COUNTED.search(self.raw) and not value.text
        fits = (compared or counted) and _AFTER.match(after) and not (rest and isinstance(rest[0], Value))
        if not fits or _FRAGMENT.search(_REQUESTED.sub("", value.source)) or not value.plain:
            self._refuse(
                f"pastes `{value.source}` where SQL takes a name or a piece of its own: choose it from a fixed list"
            )
        self._mark(value, value.source, counted=bool(counted) and not compared)

    def _mark(self, value: Value, expression: str, *, bare: bool = True, counted: bool = False) -> None:
        name = self._name(value.source)
        self.bare.append(bare)
        self.counted.append(counted)
        self.names.append(name)
        self.values.append(expression)
        marks = {"?": "?", "%s": "%s", "named": f":{name}", "pyformat": f"%({name})s", "$": f"${len(self.names)}"}
        mark = marks[self.style]
        self.raw += " ? "
        self.pieces.append(mark)

    def _name(self, source: str) -> str:
        words = re.findall(r"[A-Za-z_]\w*", source)
        base = re.sub(r"^get(?=[A-Z])", "", words[-1]) if words else "value"
        base = base[:1].lower() + base[1:] if self.style == "named" else words[-1].lower() if words else base
        name, number = base, 2
        while name in self.names:
            name, number = f"{base}_{number}", number + 1
        return name

    def _refuse(self, why: str) -> None:
        message = f"{self.place} {why}"
        raise NoFix(message)


def _open_quote(text: str) -> str | None:
    """The quote that is open at the text's end."""
    current: str | None = None
    for character in text:
        if current is None and character in "'\"`":
            current = character
        elif character == current:
            current = None
    return current
