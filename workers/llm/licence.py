"""The licence of a model, kept beside its weights: only open models are used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NOTE = "secaid.json"
OPEN = frozenset(("apache-2.0", "mit", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "openrail", "unlicense"))
"""Licences, as hubs write them, that let anyone use, change and pass on the model."""


def note(folder: Path, *, source: str, licence: str, **more: Any) -> None:
    """Record where a model came from and under which licence."""
    document = {"source": source, "licence": licence, **more}
    (folder / NOTE).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def licence_of(folder: Path) -> str | None:
    """The recorded licence; none for a model that was put there by hand."""
    try:
        found = json.loads((folder / NOTE).read_bytes()).get("licence")
    except (OSError, ValueError, AttributeError):
        return None
    return str(found) if found else None
