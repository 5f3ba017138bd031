"""New HCL as text, laid out as `terraform fmt` lays it out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Union

Body = Mapping[str, Union[str, "Body"]]
"""What a block should say: attribute → expression as HCL text; nested block's type → its body."""
UNIT = "  "
"""One step of indentation."""


def assigned(attributes: Mapping[str, str], width: int = 0) -> Iterator[str]:
    """`name = value`, their `=` in one column as `terraform fmt` has it; `width` is that of the lines above."""
    for names in runs(attributes):
        width = max(width, *map(len, names)) if is_aligned(attributes[names[0]]) else 0
        yield from (f"{name.ljust(width)} = {attributes[name]}" for name in names)
        width = 0


def runs(attributes: Mapping[str, str]) -> Iterator[list[str]]:
    """The names that are aligned with one another; one whose value goes on below stands by itself."""
    for aligned, names in itertools.groupby(attributes, key=lambda name: is_aligned(attributes[name])):
        found = list(names)
        yield from [found] if aligned else ([name] for name in found)


def is_aligned(value: str) -> bool:
    """Whether a value's brackets are closed on its first line."""
    first = value.partition("\n")[0]
    return sum(map(first.count, "([{")) == sum(map(first.count, ")]}"))


def render(body: Body, margin: str = "") -> str:
    """A body as lines, each ended; attributes first, their `=` in one column."""
    attributes = {name: value for name, value in body.items() if isinstance(value, str)}
    lines = [f"{margin}{line}\n" for line in assigned(attributes)]
    for name, value in body.items():
        if not isinstance(value, str):
            inside = f"\n{render(value, margin + UNIT)}{margin}" if value else ""
            lines.append(f"{margin}{name} {{{inside}}}\n")
    return "".join(lines)


def block_text(kind: str, labels: tuple[str, ...], body: Body) -> str:
    """A whole top-level block, without a line ending behind it."""
    names = "".join(f' "{label}"' for label in labels)
    return f"{kind}{names} {{\n{render(body, UNIT)}}}"
