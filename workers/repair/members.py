"""Members for the end of a JSON object, and more of them for the same place → all of them, each key once."""

from __future__ import annotations

import json
import re

from workers.repair.lines import Contradiction

_KEY = re.compile(r""",\s*("(?:[^"\\]|\\.)*")\s*:\s*""")
_DECODER = json.JSONDecoder()


def with_members(text: str, more: str) -> str:
    """`, "a": 1` and `, "b": 2` in one.

    Raises:
        Contradiction: one is no such text, or both name a key and give it other values.
    """
    known = _members(text)
    for key, (piece, value) in _members(more).items():
        if key not in known:
            text += piece
        elif known[key][1] != value:
            message = f"two values of {key}"
            raise Contradiction(message)
    return text


def _members(text: str) -> dict[str, tuple[str, object]]:
    """Key → its text from the comma on, and its value."""
    found: dict[str, tuple[str, object]] = {}
    at = 0
    while at < len(text):
        match = _KEY.match(text, at)
        if match is None:
            message = "they are no members of an object"
            raise Contradiction(message)
        try:
            value, end = _DECODER.raw_decode(text, match.end())
        except ValueError as error:
            raise Contradiction(str(error)) from error
        found[match[1]] = (text[at:end], value)
        at = end
    return found
