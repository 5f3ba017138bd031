"""Reply schemas: how many tokens one may need, and whether a reply keeps to it."""

from __future__ import annotations

import json
import math
from typing import Any

import jsonschema

from workers.llm.model import Schema

CHARACTERS_PER_TOKEN = 3.0
"""English runs at four to five, code nearer to three."""
_NUMBER_TOKENS = 8


def token_budget(schema: Schema, characters_per_token: float = CHARACTERS_PER_TOKEN) -> int:
    """Tokens that the longest reply by this schema should need; with 1.0 it holds for any ASCII text.

    Raises:
        ValueError: a string has no `maxLength`, or an array no `maxItems`: the reply would be unbounded.
    """
    return math.ceil(_length(schema) / characters_per_token) + 1


def decode(text: str, schema: Schema) -> Any:
    """The document in `text`.

    Raises:
        ValueError: it is not JSON, or not valid against the schema; the message says where.
    """
    try:
        value = json.loads(text)
        jsonschema.validate(value, schema)
    except jsonschema.ValidationError as error:
        message = f"the reply breaks its schema at `{error.json_path}`: {error.message[:200]}"
        raise ValueError(message) from error
    except (json.JSONDecodeError, RecursionError) as error:
        message = f"the reply is not JSON: {error}"
        raise ValueError(message) from error
    return value


def _length(schema: Schema) -> float:
    """Characters of the longest document, with what its punctuation costs in tokens as three characters each."""
    kind = schema.get("type")
    if kind == "object":
        return 6 + sum(len(key) + 9 + _length(value) for key, value in schema["properties"].items())
    if kind == "array":
        return 6 + _bound(schema, "maxItems") * (3 + _length(schema["items"]))
    if kind == "string":
        longest = (
            max(len(json.dumps(item)) for item in schema["enum"]) if "enum" in schema else _bound(schema, "maxLength")
        )
        return 6 + longest
    return _NUMBER_TOKENS * CHARACTERS_PER_TOKEN


def _bound(schema: Schema, keyword: str) -> int:
    if keyword not in schema:
        message = f"a reply's schema needs `{keyword}` for every {schema.get('type')}: its length has no bound"
        raise ValueError(message)
    return int(schema[keyword])
