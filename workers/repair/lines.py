"""Indented text to be written at one place, and more of it for the same place → both in one, by lines and levels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

_KEY = re.compile(r"""("[^"]*"|'[^']*'|[^\s:=#{-][^\s:=]*)\s*(?::(?=\s|$)|=(?![=>]))""")
_NAME = re.compile(r"name\s*=")
_KEPT = re.compile(r"[|>][0-9+-]*$|<<[-~]?\w+$")
"""What ends a line below which every byte is text: a block scalar, a here-document."""
_SHAPE = re.compile(r"(\n?)(.*?)(\n[ \t]*)?", re.DOTALL)
_DOCUMENT = "---"
_CLOSING = ("}", "]", ")")


class Contradiction(ValueError):
    """The two cannot stand together; the message says at which line."""


class _Line(msgspec.Struct, frozen=True):
    """A line, with what is indented below it."""

    above: int
    """Empty lines in front of it."""
    indent: str
    text: str
    below: tuple[_Line, ...] = ()
    close: str = ""
    """The line that closes what it opens."""

    @property
    def name(self) -> tuple[str, str]:
        """What it is about: a key, or the line itself, of a block also what it names itself; at which level."""
        if key := _KEY.match(self.text):
            return self.indent, key[1]
        own = next((line.text for line in self.below if _NAME.match(line.text)), "") if self.close else ""
        return self.indent, _spaced(f"{self.text} {own}")

    @property
    def whole(self) -> bool:
        """Whether what is below it is one piece: a document, a text of several lines."""
        return self.text == _DOCUMENT or bool(_KEPT.search(self.text))


def added(text: str, more: str) -> str:
    r"""Both in one; `\r\n` stays where the first has it.

    Raises:
        Contradiction: they are no whole lines, differ in how they begin and end, or say different things of one key.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    before, lines, behind = _shape(text)
    other_before, other, other_behind = _shape(more)
    if (before, behind) != (other_before, other_behind) or not (before or behind == "\n"):
        message = "they do not write whole lines"
        raise Contradiction(message)
    levels = _merged(list(_parsed(lines)), _parsed(other))
    # What is indented more continues what stands in front of it, and a list's item its list; a document ends all.
    levels.sort(key=lambda line: (line.text == _DOCUMENT, -len(line.indent), not line.text.startswith("- ")))
    return (before + "\n".join(_written(levels)) + behind).replace("\n", newline)


def _shape(text: str) -> tuple[str, list[str], str]:
    """The line ending in front, the lines, and what follows them."""
    found = _SHAPE.fullmatch(text.replace("\r\n", "\n"))
    before, body, behind = found.groups("") if found else ("", text, "")
    # A line ending in front of text that ends in one is an empty line.
    return ("", [*([""] if before else []), *body.split("\n")], behind) if behind else (before, body.split("\n"), "")


def _parsed(lines: Sequence[str]) -> Iterator[_Line]:
    at = above = 0
    while at < len(lines):
        text = lines[at].strip()
        if not text:
            at, above = at + 1, above + 1
            continue
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        end = _end(lines, at, text, indent)
        below = tuple(_parsed(lines[at + 1 : end]))
        close = ""
        if end < len(lines) and lines[end].startswith(tuple(indent + sign for sign in _CLOSING)):
            close, end = lines[end].strip(), end + 1
        yield _Line(above, indent, text, below, close)
        at, above = end, 0


def _end(lines: Sequence[str], at: int, text: str, indent: str) -> int:
    """Where what belongs to a line ends."""
    end = at + 1
    lists = text.endswith(":") and not text.startswith("- ")
    while end < len(lines) and (
        not lines[end].strip()
        or (text == _DOCUMENT and lines[end].strip() != _DOCUMENT)
        or (lines[end].startswith(indent) and lines[end][len(indent)] in " \t")
        or (lists and lines[end].startswith(f"{indent}- "))
    ):
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    return end


def _merged(lines: list[_Line], more: Iterable[_Line]) -> list[_Line]:
    for line in more:
        place = next((index for index, one in enumerate(lines) if one.name == line.name), None)
        if line.text == _DOCUMENT:
            place = lines.index(line) if line in lines else None
        if place is None:
            lines.append(line)
        else:
            lines[place] = _both(lines[place], line)
    return lines


def _both(one: _Line, other: _Line) -> _Line:
    """One line that says what both say."""
    if _same(one, other):
        return one
    opens = one.below and other.below and not one.whole and _listed(one) == _listed(other)
    scalars = _scalars(one.below) or _scalars(other.below)
    if not opens or scalars or (_spaced(one.text), one.close) != (_spaced(other.text), other.close):
        message = f"{one.text} and {other.text}" if one.text != other.text else f"what is below {one.text}"
        raise Contradiction(message)
    return msgspec.structs.replace(one, below=tuple(_merged(list(one.below), other.below)))


def _same(one: _Line, other: _Line) -> bool:
    return _spaced(" ".join(_written([one]))) == _spaced(" ".join(_written([other])))


def _listed(line: _Line) -> bool:
    """Whether what is below a line is a list."""
    return any(one.text.startswith("- ") for one in line.below)


def _scalars(lines: Sequence[_Line]) -> bool:
    """Whether these are a list of words, of which two fixes may want different ones."""
    return any(line.text.startswith("- ") and not line.below and ": " not in line.text for line in lines)


def _written(lines: Iterable[_Line]) -> Iterator[str]:
    for line in lines:
        yield from [""] * line.above
        yield line.indent + line.text
        yield from _written(line.below)
        if line.close:
            yield line.indent + line.close


def _spaced(text: str) -> str:
    return " ".join(text.split())
