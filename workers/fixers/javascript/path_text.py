"""Paths written as one text: the folders that the program says, and the name behind them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.javascript.script import quote
from workers.fixers.javascript.strings import quoted, template, written
from workers.fixers.registry import NoFix

if TYPE_CHECKING:
    from tree_sitter import Node

REQUEST = re.compile(r"\b(?:req|request|ctx)\b")


def one_text(file: Parsed, node: Node, method: str) -> tuple[str, str] | None:
    """The sides of a path in one text: `folder + '/' + name`, where the request says the name alone."""
    built = template(file, node)
    parts = list(built.parts) if built is not None else []
    cut = max((n for n, part in enumerate(parts) if isinstance(part, str) and "/" in part), default=0)
    if not cut or not isinstance(slash := parts[cut], str):
        return None
    before, rest = slash[: slash.rfind("/")], slash[slash.rfind("/") + 1 :]
    folder = [*parts[:cut], *([before] if before else [])]
    name = [*([rest] if rest else []), *parts[cut + 1 :]]
    said = [part.source for part in folder if not isinstance(part, str)]
    asked = [part.source for part in name if not isinstance(part, str)]
    fixed = "".join(part for part in name if isinstance(part, str))
    if not asked or ".." in fixed or any(REQUEST.search(each) for each in said) or not all(map(REQUEST.search, asked)):
        return None
    return f"{method}({written(folder)})", written(name) or ""


def split(file: Parsed, node: Node) -> tuple[str | None, str]:
    """The folders that the program writes before the name, as a literal, and the name.

    Raises:
        NoFix: the program goes up a folder behind the name.
    """
    built = template(file, node)
    if built is None:
        return None, file.text(node)
    first = built.parts[0]
    cut = first.rfind("/") + 1 if isinstance(first, str) else 0
    rest = (first[cut:], *built.parts[1:]) if isinstance(first, str) else built.parts
    if any(isinstance(part, str) and ".." in part for part in rest):
        message = f"{file.path}:{file.number(node)} goes up a folder on purpose"
        raise NoFix(message)
    if not isinstance(first, str) or not cut:
        return None, file.text(node)
    name = written([part for part in rest if part != ""]) or file.text(node)
    return quoted(first[:cut], quote(file)), name
