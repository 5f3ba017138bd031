"""Where else a file has a credential: what is taken out of one place alone fits the others no more, and stays there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed, Text
from workers.fixers.registry import NoFix
from workers.fixers.secrets.configuration import Setting, pairs
from workers.fixers.secrets.names import ROTATE

if TYPE_CHECKING:
    from tree_sitter import Node

_SHORTEST = 8  # a value that no other text of the file holds by chance


def same(file: Text, found: Setting) -> list[Setting]:
    """All settings of the file that have this value, the found one among them, in their order."""
    value = bare(file, found)
    others = [each for each in pairs(file) if bare(file, each) == value] if is_distinct(value) else []
    return sorted({each.start: each for each in (*others, found)}.values(), key=lambda each: each.start)


def within(file: Text, settings: list[Setting]) -> list[tuple[int, int]]:
    """The bytes of the value where it is a part of a longer text: of an address, of a command."""
    value = bare(file, settings[0])
    if not is_distinct(value):
        return []
    found = re.finditer(rb"(?<![\w-])" + re.escape(value.encode()) + rb"(?![\w-])", file.content)
    spans = [match.span() for match in found]
    return [one for one in spans if not any(each.start <= one[0] and one[1] <= each.end for each in settings)]


def bare(file: Text, found: Setting) -> str:
    """The value without its quotation marks."""
    return file.slice(found.start, found.end).strip("\"'")


def is_distinct(value: str) -> bool:
    """Whether a text that holds it means this value."""
    return len(value) >= _SHORTEST and any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def same_literals(file: Parsed, node: Node, kinds: Sequence[str]) -> list[Node]:
    """The literal, and where the file has the same value once more: taken out of one place alone it is still there.

    Raises:
        NoFix: one of the places may take literals alone.
    """
    value = file.text(node)
    if not is_distinct(value.strip("\"'`")):
        return [node]
    places = [each for each in file.of(*kinds) if file.text(each) == value]
    inner = value.strip("\"'`").encode()
    other = next((each for each in places if each.id != node.id and not _takes_values(each, node)), None)
    if other is not None or file.content.count(inner) > len(places):
        message = (
            f"{file.path} holds the value of line {file.number(node)} in another place, too: take it out of both by "
            f"hand. {ROTATE}"
        )
        raise NoFix(message)
    return places


def _takes_values(one: Node, node: Node) -> bool:
    """Whether an expression may stand where the literal does."""
    around, own = one.parent, node.parent
    alike = around is not None and own is not None and around.type == own.type
    return alike or (around is not None and around.type in {"argument_list", "arguments", "argument"})
