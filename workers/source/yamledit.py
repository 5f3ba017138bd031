r"""Minimal edits of YAML: a document and what should change → `Edit`s that touch nothing else.

Everything new is written as the file writes: its indentation, line endings, block or flow style, and with no line
ending at the end where the file has none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from daemon.domain.fix import Edit
from workers.source.yamldoc import Node, YamlDoc
from workers.source.yamltext import Value, member, quoted, render, scalar


def edit(doc: YamlDoc, start: int, end: int, text: str) -> Edit:
    r"""An edit of the document's file; `\n` in `text` becomes the file's own line ending."""
    return Edit(path=doc.path, start=start, end=end, text=text.replace("\r\n", "\n").replace("\n", doc.newline))


def set_key(doc: YamlDoc, mapping: Node, key: str, value: Value, *, after: str | None = None) -> Edit:
    """The key with that value: replaced where it stands, else added behind `after` or as the last.

    Raises:
        ValueError: the node is neither a mapping nor empty.
    """
    old, name = mapping.child(key), mapping.key(key)
    if old is not None and name is not None:
        return replace(doc, name, old, value)
    return add_key(doc, mapping, key, value, after=after)


def put(doc: YamlDoc, mapping: Node, path: Sequence[str], value: Value) -> Edit:
    """The key at a path below a mapping; mappings in between are made where they are missing.

    Raises:
        ValueError: something on the way is neither a mapping nor empty (an alias, a scalar, a list).
    """
    key, *rest = path
    child = mapping.child(key)
    if not rest:
        return set_key(doc, mapping, key, value)
    if child is not None and child.kind == "mapping" and child.entries:
        return put(doc, child, rest, value)
    if child is not None and not child.empty:
        message = f"{key} is a {child.kind}, not a mapping"
        raise ValueError(message)
    for step in reversed(rest):
        value = {step: value}
    return set_key(doc, mapping, key, value)


def put_all(
    doc: YamlDoc, parent: Node, name: str, values: Mapping[str, Value], *, after: str | None = None
) -> list[Edit]:
    """Several keys of the mapping `name` below `parent`, which is made (behind `after`) where it is missing.

    Raises:
        ValueError: `name` is there and neither a mapping nor empty.
    """
    mapping = parent.child(name)
    if mapping is None or mapping.empty:
        return [set_key(doc, parent, name, dict(values), after=after)] if values else []
    return [put(doc, parent, (name, key), value) for key, value in values.items()]


def replace(doc: YamlDoc, key: Node, old: Node, value: Value) -> Edit:
    """Another value for a key; quotes of one scalar stay in fashion."""
    flow = _inside_flow(doc, key)
    if isinstance(value, str) and "\n" not in value and old.kind == "scalar" and old.style in ("'", '"'):
        return edit(doc, old.start, old.end, quoted(value, old.style))
    text = render(value, doc.column(key.start), doc.unit, flow=flow)
    if flow and _as_json(key):
        text = f" {_json(value)}"
    if old.kind == "scalar" and old.empty:
        return edit(doc, old.end, old.end, text)
    if text.startswith(" ") and doc.line_of(key.end) == doc.line_of(old.start):
        return edit(doc, old.start, old.end, text[1:])
    colon = doc.content.index(b":", key.end)
    return edit(doc, colon + 1, old.end, text)


def add_key(doc: YamlDoc, mapping: Node, key: str, value: Value, *, after: str | None = None) -> Edit:
    """A new key, behind `after` where that is there, else behind the last one.

    Raises:
        ValueError: the node is neither a mapping nor empty.
    """
    if not mapping.entries:
        message = "an empty mapping has no column of its own: set it through its parent"
        raise ValueError(message)
    names = mapping.keys()
    index = names.index(after) if after in names else len(names) - 1
    name, last = mapping.entries[index]
    if mapping.flow and _as_json(name):
        start = doc.line_start(name.start)
        apart = doc.line_start(mapping.start) < start and not doc.slice(start, name.start).strip()
        gap = f",\n{doc.slice(start, name.start)}" if apart else ", "
        return edit(doc, _end(name, last), _end(name, last), f"{gap}{json.dumps(key)}: {_json(value)}")
    if mapping.flow:
        return edit(doc, _end(name, last), _end(name, last), f", {scalar(key)}:{render(value, flow=True)}")
    column = doc.column(mapping.entries[0][0].start)
    text = f"{' ' * column}{scalar(key)}:{render(value, column, doc.unit)}"
    return insert_line(doc, name, last, text)


def insert_line(doc: YamlDoc, name: Node, last: Node, text: str) -> Edit:
    """Whole lines behind an entry, its trailing comment, and the lines that a block scalar keeps."""
    end, last = _end(name, last), _last(last)
    keeps = last.block and last.tail > end and doc.slice(last.start, doc.line_end(last.start)).find("+") in (1, 2)
    if keeps:
        return edit(doc, last.tail, last.tail, f"{text}\n")
    at = _behind_remarks(doc, doc.line_end(end), len(text) - len(text.lstrip(" ")))
    return edit(doc, at, at, f"\n{text}")


_REMARK = re.compile(r"(?P<before> *)#(?P<gap> *)")


def _behind_remarks(doc: YamlDoc, at: int, column: int) -> int:
    """The end of the remarks below a line that are set in further than what is put there: they belong to that line.

    So do lines that were made remarks at another column: what they say is set in further.
    """
    while at < len(doc.content):
        after = doc.line_end(at + 1)
        found = _REMARK.match(doc.slice(at, after).strip("\r\n"))
        if found is None:
            break
        code = len(found["gap"]) > 1 and found.end() > column
        if len(found["before"]) <= column and not code:
            break
        at = after
    return at


def append_item(doc: YamlDoc, sequence: Node, value: Value) -> Edit:
    """One more item at the end of a list that has some.

    Raises:
        ValueError: the list is empty.
    """
    if not sequence.items:
        message = "an empty list has no column of its own: set it through its parent"
        raise ValueError(message)
    last = sequence.items[-1]
    if sequence.flow:
        text = f" {_json(value)}" if _as_json(last) else render(value, flow=True)
        return edit(doc, last.end, last.end, f",{text}")
    column = dash_column(doc, last)
    return insert_line(doc, last, _last(last), f"{' ' * column}-{member(value, column, doc.unit)}")


def insert_item(doc: YamlDoc, sequence: Node, index: int, value: Value) -> Edit:
    """A new item of a block list, in front of the one at `index`."""
    item = sequence.items[index]
    column = dash_column(doc, item)
    at = dash(doc, item)
    return edit(doc, at, at, f"-{member(value, column, doc.unit)}\n{' ' * column}")


def delete_key(doc: YamlDoc, mapping: Node, key: str) -> Edit:
    """The key, its value and its trailing comment go; a mapping left with nothing becomes `{}`.

    Raises:
        KeyError: it has no such key.
    """
    return delete_keys(doc, mapping, [key])[0]


def replace_entry(doc: YamlDoc, mapping: Node, old: str, key: str, value: Value) -> Edit:
    """Another key with its value where one stands; a comment behind it stays.

    Raises:
        KeyError: it has no such key.
    """
    names = mapping.keys()
    if old not in names:
        raise KeyError(old)
    name, last = mapping.entries[names.index(old)]
    end = doc.content.index(b":", name.end) + 1 if last.empty else _end(name, _last(last))
    text = f"{scalar(key)}:{render(value, doc.column(name.start), doc.unit, flow=mapping.flow)}"
    return edit(doc, name.start, end, text)


def delete_keys(doc: YamlDoc, mapping: Node, keys: Sequence[str]) -> list[Edit]:
    """Several keys go, with their values and trailing comments: one edit for those that stand together.

    Raises:
        KeyError: it has no such key.
    """
    names = mapping.keys()
    if not keys:
        return []
    if missing := set(keys).difference(names):
        raise KeyError(min(missing))
    if set(keys) == set(names):
        name, value = mapping.entries[-1]
        return [edit(doc, mapping.start, mapping.end if mapping.flow else _end(name, _last(value)), "{}")]
    gone = [index for index, name in enumerate(names) if name in keys]
    firsts = [index for index in gone if index - 1 not in gone]
    lasts = [index for index in gone if index + 1 not in gone]
    return [_delete_run(doc, mapping, first, last) for first, last in zip(firsts, lasts, strict=True)]


def _delete_run(doc: YamlDoc, mapping: Node, first: int, last: int) -> Edit:
    """The entries from one to another, of which at least one stays beside them."""
    name = mapping.entries[first][0]
    if mapping.flow:
        return _delete_flow(doc, [(one.start, _end(one, other)) for one, other in mapping.entries], first, last)
    if doc.slice(doc.line_start(name.start), name.start).strip():
        return edit(doc, name.start, mapping.entries[last + 1][0].start, "")
    key, value = mapping.entries[last]
    return _delete_lines(doc, name.start, _end(key, _last(value)))


def delete_item(doc: YamlDoc, sequence: Node, index: int) -> Edit:
    """An item of a list goes, with the lines it alone stands on; a list left with nothing becomes `[]`."""
    item = sequence.items[index]
    if len(sequence.items) == 1:
        return edit(doc, sequence.start, sequence.end, "[]")
    if sequence.flow:
        return _delete_flow(doc, [(one.start, one.end) for one in sequence.items], index, index)
    at = dash(doc, item)
    if doc.slice(doc.line_start(at), at).strip():
        return edit(doc, at, dash(doc, sequence.items[index + 1]), "")
    return _delete_lines(doc, at, _last(item).end)


def dash(doc: YamlDoc, item: Node) -> int:
    """Where the `-` of a block list's item stands."""
    return doc.content.rindex(b"-", 0, max(item.start, 1))


def dash_column(doc: YamlDoc, item: Node) -> int:
    """The column of an item's `-`."""
    return doc.column(dash(doc, item))


def _delete_lines(doc: YamlDoc, start: int, end: int) -> Edit:
    first, last = doc.line_start(start), doc.next_line(end)
    if last == len(doc.content) and last == doc.line_end(end) and first > doc.begin:
        # The last line, without an ending: the one before it takes over having none.
        first = doc.line_end(doc.line_start(first - 1))
    return edit(doc, first, last, "")


def _delete_flow(doc: YamlDoc, spans: Sequence[tuple[int, int]], first: int, last: int) -> Edit:
    if last + 1 < len(spans):
        return edit(doc, spans[first][0], spans[last + 1][0], "")
    return edit(doc, spans[first - 1][1], spans[last][1], "")


def _end(name: Node, value: Node) -> int:
    return max(name.end, value.end)


def _last(node: Node) -> Node:
    """The node whose text ends last: a block scalar at the very end keeps its lines."""
    while node.entries or node.items:
        if node.flow:
            return node
        node = node.entries[-1][1] if node.entries else node.items[-1]
    return node


def _json(value: Value) -> str:
    return json.dumps(value, default=dict, ensure_ascii=False)


def _as_json(node: Node) -> bool:
    """Whether a text in double quotes stands there, as in JSON, which takes no other: its first key, its item."""
    while node.entries or node.items:
        node = node.entries[0][0] if node.entries else node.items[0]
    return node.style == '"'


def _inside_flow(doc: YamlDoc, key: Node) -> bool:
    around = doc.enclosing(key.start)
    return any(node.flow and node.start < key.start for _, node in around)
