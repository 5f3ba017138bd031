"""Whole documents that a candidate declares to add to a YAML file: both sides → both, without them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

DECLARED = "document:"


def without_new(before: Any, after: Any, declares: Sequence[str]) -> tuple[Any, Any]:
    """The two sides without the declared new documents; as they were where none is declared.

    A document of a kind and name that the original has already is none of them.
    """
    wanted = {declared.removeprefix(DECLARED) for declared in declares if declared.startswith(DECLARED)}
    wanted -= {identity(document) for document in _documents(before)}
    if not wanted:
        return before, after
    kept = []
    for document in _documents(after):
        if identity(document) in wanted:
            wanted.discard(identity(document))
        else:
            kept.append(document)
    return before, kept[0] if len(kept) == 1 and not isinstance(before, list) else kept


def identity(document: Any) -> str:
    """`Kind/name` of a Kubernetes object; empty of anything else."""
    if not isinstance(document, dict):
        return ""
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    kind = document.get("kind")
    return f"{kind[1]}/{name[1]}" if isinstance(kind, tuple) and isinstance(name, tuple) else ""


def _documents(side: Any) -> list[Any]:
    return side if isinstance(side, list) else [side]
