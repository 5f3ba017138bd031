"""Whether a workflow still runs on what it ran on, where a fix changes its triggers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workers.verify.structure.documents import Malformed, read_yaml

_SAFER = {"pull_request_target": "pull_request"}
"""What a trigger may become."""
_FILTERS = ("branches", "branches-ignore", "paths", "paths-ignore", "tags", "tags-ignore", "types", "workflows", "cron")


def lost(before: bytes, after: bytes) -> Iterator[str]:
    """Events that no longer start it, or under more conditions, as sentences."""
    old, new = _events(before), _events(after)
    for name, had in old.items():
        successor = name if name in new else _SAFER.get(name, name)
        if successor not in new:
            yield f"it no longer runs on {name}"
        elif _filters(had) != _filters(new[successor]):
            yield f"it runs on other {successor} events than before"


def _events(content: bytes) -> dict[str, Any]:
    """Event → its settings."""
    try:
        document = read_yaml(content)
    except Malformed:
        return {}
    # YAML 1.1 reads the key `on` as true; this reader keeps its text.
    value = document.get("on") if isinstance(document, dict) else None
    if isinstance(value, dict):
        return value
    items = value if isinstance(value, list) else [value]
    return {str(item[1]): None for item in items if isinstance(item, tuple)}


def _filters(settings: Any) -> dict[str, Any]:
    """The settings that decide which events count; types that GitHub takes anyway do not."""
    if not isinstance(settings, dict):
        return {} if not isinstance(settings, list) else {"all": settings}
    return {name: _listed(value) for name, value in settings.items() if name in _FILTERS}


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, tuple) else value
