"""JSON of strangers: a text → its object, and nothing where it is none."""

from __future__ import annotations

import json


def json_object(text: str) -> dict[str, object]:
    """The object that the text holds; an empty one where it is no JSON, something else, or nested too deeply."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
