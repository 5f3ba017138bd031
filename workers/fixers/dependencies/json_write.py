"""Edits of a JSON file, in its own layout."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from daemon.domain.fix import Edit
from workers.fixers.dependencies.job import newline_of
from workers.source.manifests.npm import Json


def put(document: Json, keys: Sequence[str], values: dict[str, str]) -> Edit:
    """An edit that sets `keys… / name` to its value for each name, in the file's own layout."""
    content = document.syntax.content
    depth, node = 0, document.root
    while depth < len(keys) and (inner := dict(document.pairs(node)).get(keys[depth])) is not None:
        node, depth = inner, depth + 1
    present = dict(document.pairs(node)) if depth == len(keys) else {}
    if len(values) == 1 and (existing := present.get(next(iter(values)))) is not None:
        if existing.type == "object":
            return put(document, (*keys, next(iter(values))), {".": next(iter(values.values()))})
        text = json.dumps(next(iter(values.values())))
        return Edit(path=document.path, start=existing.start_byte, end=existing.end_byte, text=text)
    unit = _indent(content)
    newline = newline_of(content)
    outer = unit * depth
    text = _nested(keys[depth:], values, unit, newline, depth + 1)
    last = [child for child in node.children if child.type == "pair"]
    if last:
        at = last[-1].end_byte
        return Edit(path=document.path, start=at, end=at, text=f",{newline}{outer}{unit}{text}")
    span = f"{{{newline}{outer}{unit}{text}{newline}{outer}}}"
    return Edit(path=document.path, start=node.start_byte, end=node.end_byte, text=span)


def _nested(keys: Sequence[str], values: dict[str, str], unit: str, newline: str, depth: int) -> str:
    if not keys:
        rows = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in values.items()]
        return f",{newline}{unit * depth}".join(rows)
    inside = _nested(keys[1:], values, unit, newline, depth + 1)
    return f"{json.dumps(keys[0])}: {{{newline}{unit * (depth + 1)}{inside}{newline}{unit * depth}}}"


def _indent(content: bytes) -> str:
    match = re.search(rb"^([ \t]+)\"", content, re.MULTILINE)
    return match[1].decode() if match else "  "
