"""Where else a file has a credential: what is taken out of one place alone fits the others no more, and stays there."""

from __future__ import annotations

import re

from workers.fixers.code import Text
from workers.fixers.secrets.configuration import Setting, pairs

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
