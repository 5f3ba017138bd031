r"""Minimal edits of JSON: a document as `yamldoc` reads it and what should change → `Edit`s that touch nothing else.

The functions are those of `yamledit`, so that who edits both languages need not know which one it is. New lines are
indented as those around them; `"key" : value` is written as the file writes it.
"""

from __future__ import annotations

import json

from daemon.domain.fix import Edit
from workers.source.yamldoc import Node, YamlDoc
from workers.source.yamledit import edit
from workers.source.yamltext import Value


def set_key(doc: YamlDoc, mapping: Node, key: str, value: Value) -> Edit:
    """The key with that value: replaced where it stands, else added as the last.

    Raises:
        ValueError: the node is not an object with members, which alone show how they are written.
    """
    name, old = mapping.key(key), mapping.child(key)
    if name is None or old is None:
        return add_key(doc, mapping, key, value)
    return edit(doc, old.start, old.end, _written(doc, mapping, value))


def add_key(doc: YamlDoc, mapping: Node, key: str, value: Value) -> Edit:
    """A new key behind the last one.

    Raises:
        ValueError: see `set_key`.
    """
    if not mapping.entries:
        message = "an object without members does not show how they are written: set it through its parent"
        raise ValueError(message)
    last = mapping.entries[-1][1]
    text = f"{json.dumps(key)}{_colon(doc, mapping)}{_written(doc, mapping, value)}"
    return edit(doc, last.end, last.end, f",{_gap(doc, mapping)}{text}")


def append_item(doc: YamlDoc, sequence: Node, value: Value) -> Edit:
    """One more item at the end of a list that has some.

    Raises:
        ValueError: the list is empty.
    """
    if not sequence.items:
        message = "an empty list does not show how its items are written: set it through its parent"
        raise ValueError(message)
    last = sequence.items[-1]
    return edit(doc, last.end, last.end, f",{_gap(doc, sequence)}{_written(doc, sequence, value)}")


def delete_key(doc: YamlDoc, mapping: Node, key: str) -> Edit:
    """The key and its value go, with the comma that parts it from its neighbour.

    Raises:
        KeyError: it has no such key.
    """
    names = mapping.keys()
    if key not in names:
        raise KeyError(key)
    at = names.index(key)
    if len(names) == 1:
        return edit(doc, mapping.start, mapping.end, "{}")
    if at + 1 < len(names):
        return edit(doc, mapping.entries[at][0].start, mapping.entries[at + 1][0].start, "")
    return edit(doc, mapping.entries[at - 1][1].end, mapping.entries[at][1].end, "")


def _first(node: Node) -> Node:
    return node.entries[0][0] if node.entries else node.items[0]


def _on_lines(doc: YamlDoc, node: Node) -> bool:
    """Whether the members of an object or a list stand on lines of their own."""
    return doc.line_of(node.start) != doc.line_of(_first(node).start)


def _margin(doc: YamlDoc, node: Node) -> str:
    """The white space that a node's line starts with."""
    line = doc.slice(doc.line_start(node.start), node.start)
    return line[: len(line) - len(line.lstrip())]


def _gap(doc: YamlDoc, node: Node) -> str:
    """What stands between the comma and the next member."""
    return f"\n{_margin(doc, _first(node))}" if _on_lines(doc, node) else " "


def _colon(doc: YamlDoc, node: Node) -> str:
    """What stands between a key and its value: of an object's first member, or of a list's first object."""
    pairs = node.entries or next((item.entries for item in node.items if item.entries), [])
    text = doc.slice(pairs[0][0].end, pairs[0][1].start) if pairs else ""
    return text if text.strip() == ":" and "\n" not in text else ": "


def _written(doc: YamlDoc, around: Node, value: Value) -> str:
    """A value as text at the place of a member of an object or a list."""
    colon = _colon(doc, around)
    if not _on_lines(doc, around):
        return json.dumps(value, ensure_ascii=False, separators=(", ", colon))
    margin = _margin(doc, _first(around))
    unit = max(len(margin) - len(_margin(doc, around)), 1)
    text = json.dumps(value, ensure_ascii=False, indent=unit, separators=(",", colon))
    return text.replace("\n", f"\n{margin}")
