"""Values as YAML text: scalars plain where that means the same, lists and mappings as blocks or in one line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import yaml

Value = str | int | bool | None | Sequence["Value"] | Mapping[str, "Value"]
"""What can be written: scalars, and lists and mappings of them. Text of several lines becomes a `|` block."""

_PLAIN = re.compile(r"[A-Za-z0-9_./$(+][A-Za-z0-9_./@+()$ \-]*(?:[:][A-Za-z0-9_./@+()$\-]+)*")
_PLAIN_BLOCK = re.compile(r"[A-Za-z0-9_./$(+][^\r\n\t]*")


def scalar(text: str, *, flow: bool = False) -> str:
    """Text as one YAML scalar on one line: plain where that means the same, else quoted."""
    pattern = _PLAIN if flow else _PLAIN_BLOCK
    if pattern.fullmatch(text) and _means(text, text, flow):
        return text
    return quoted(text, '"' if "\\" in text else "'")


def quoted(text: str, style: str) -> str:
    """Text between quotes of that style, or double ones where single ones cannot hold it."""
    if style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    dumped: str = yaml.safe_dump(text, default_style='"', width=2**20, allow_unicode=True)
    return dumped.rstrip("\n")


def render(value: Value, indent: int = 0, unit: int = 2, *, flow: bool = False) -> str:
    """A value as text that stands behind `key:` or `- ` at column `indent`; a block starts with its line ending."""
    if value is None:
        return " null"
    if isinstance(value, bool):
        return " true" if value else " false"
    if isinstance(value, int):
        return f" {value}"
    if isinstance(value, str):
        return _text(value, indent + unit, flow=flow)
    if not value or flow:
        return f" {_flow(value)}"
    if isinstance(value, Mapping):
        return _block_mapping(value, indent + unit, unit)
    pad = " " * (indent + unit)
    return "".join(f"\n{pad}-{member(item, indent + unit, unit)}" for item in value)


def member(value: Value, column: int, unit: int) -> str:
    """An item's text behind its dash; a mapping starts on the dash's own line."""
    if isinstance(value, Mapping) and value:
        lines = _block_mapping(value, column + 2, unit)
        return " " + lines.lstrip("\n ")
    return render(value, column, unit)


def _block_mapping(value: Mapping[str, Value], column: int, unit: int) -> str:
    pad = " " * column
    written = {key: "" if item is None else render(item, column, unit) for key, item in value.items()}
    return "".join(f"\n{pad}{scalar(key)}:{text}" for key, text in written.items())


def _text(value: str, column: int, *, flow: bool) -> str:
    if "\n" not in value or flow:
        return f" {scalar(value, flow=flow)}"
    pad = " " * column
    header = (
        "|" if value.endswith("\n") and not value.endswith("\n\n") else ("|-" if not value.endswith("\n") else "|+")
    )
    lines = value.removesuffix("\n").split("\n")
    return f" {header}\n" + "\n".join(pad + line if line else "" for line in lines)


def _flow(value: Value) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{scalar(key, flow=True)}:{render(item, flow=True)}" for key, item in value.items())
        return f"{{{inner}}}" if not inner else f"{{ {inner} }}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(render(item, flow=True).strip() for item in value) + "]"
    return render(value, flow=True).strip()


def _means(written: str, text: str, flow: bool) -> bool:
    """Whether a plain scalar is read back as that text, and as text."""
    try:
        back = yaml.safe_load(f"[{written}]" if flow else f"k: {written}")
    except yaml.YAMLError:
        return False
    return bool(back == ([text] if flow else {"k": text}))
