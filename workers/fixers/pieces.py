"""Strings put together from literal text and inserted values, whatever the language."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Value(msgspec.Struct, frozen=True):
    """An expression inserted into a string."""

    source: str
    """As the file writes it."""
    plain: bool = True
    """Inserted by `str()` alone: no format specification and no conversion."""
    integer: bool = False
    """Inserted by `%d`."""
    text: bool = False
    """Surely a string already: an operand of `+`."""
    converted: bool = False
    """Made a string by `str()`, which the source leaves out."""
    quoted: bool = False
    """Already passed through `shlex.quote`."""


class Template(msgspec.Struct, frozen=True):
    """A string as literal text and inserted values, in order."""

    parts: tuple[str | Value, ...]

    @property
    def values(self) -> tuple[Value, ...]:
        """The inserted values."""
        return tuple(part for part in self.parts if isinstance(part, Value))

    @property
    def literal(self) -> str:
        """The literal text alone."""
        return "".join(part for part in self.parts if isinstance(part, str))


def joined(parts: Iterable[str | Value]) -> Template:
    """The pieces as a template: neighbouring text is one piece, and none is empty."""
    found: list[str | Value] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        elif part != "":
            found.append(part)
    return Template(tuple(found))
