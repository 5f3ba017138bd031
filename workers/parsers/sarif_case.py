"""SARIF in snake case, which programs write that dump a library's objects → SARIF as the standard has it."""

from __future__ import annotations

import re
from typing import Any

import msgspec

_NAMED_BY_USERS = frozenset(
    (
        "properties",
        "fingerprints",
        "partial_fingerprints",
        "original_uri_base_ids",
        "message_strings",
        "global_message_strings",
        "hashes",
    )
)
"""Members whose own members are names of somebody's choice."""
_JOINT = re.compile(r"(?<=[a-z0-9])_([a-z])")


def is_snake_case(data: bytes) -> bool:
    """Whether places are named `physical_location` here, and never as the standard has it."""
    return b'"physical_location"' in data and b'"physicalLocation"' not in data


def camel_case(data: bytes) -> bytes:
    """The same document with the members' names of the standard."""
    return msgspec.json.encode(_renamed(msgspec.json.decode(data)))


def _renamed(value: Any, *, keep: bool = False) -> Any:
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key if keep else _JOINT.sub(lambda joint: joint[1].upper(), key): item
        if key == "properties"
        else _renamed(item, keep=key in _NAMED_BY_USERS)
        for key, item in value.items()
    }
