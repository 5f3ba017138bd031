"""YAML as nodes with byte offsets: bytes → the tree as the author wrote it, so that an edit can leave the rest alone.

Built from PyYAML's events rather than its constructors: comments, quoting, anchors, aliases, duplicate keys and
merge keys stay what they are in the text, and nothing is ever dumped.
"""

from __future__ import annotations

import bisect
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Any, Literal

import yaml

from daemon.errors import Permanent

_BOM = b"\xef\xbb\xbf"
_MAX_DEPTH = 200
_REMEMBERED_BYTES = 256 * 2**10
_PROPERTIES = re.compile(rb"(?:[&!][^\s,\[\]{}]*[ \t]*(?:\r?\n[ \t]*)*)+")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Kind = Literal["mapping", "sequence", "scalar", "alias"]
Step = str | int
Path = tuple[Step, ...]
"""Keys and list positions, from the document's root: `("jobs", "build", "steps", 0)`."""


class YamlBroken(Permanent):
    """The text is not YAML; the message says where."""


@dataclass(frozen=True, eq=False)
class Node:
    """One node. Offsets are bytes of the file; `end` is that of its last visible character."""

    kind: Kind
    start: int
    end: int
    value: str = ""
    """A scalar's text as YAML means it; an alias's anchor."""
    style: str = ""
    """A scalar's: empty where plain, else one of `' " | >`; a collection's: `flow` or empty."""
    anchor: str | None = None
    tag: str | None = None
    tail: int = 0
    """Where the node's own text ends: past `end` where a block scalar keeps trailing lines."""
    entries: list[tuple[Node, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)

    @property
    def flow(self) -> bool:
        """Whether it is a collection in brackets."""
        return self.style == "flow"

    @property
    def empty(self) -> bool:
        """Whether nothing stands there (`key:`), or a collection has no members."""
        return self.start == self.end if self.kind == "scalar" else not (self.entries or self.items)

    @property
    def block(self) -> bool:
        """Whether it is a scalar of the `|` or `>` kind."""
        return self.kind == "scalar" and self.style in ("|", ">")

    def get(self, *path: Step) -> Node | None:
        """The node below this one; none where there is none. Aliases and merge keys are not followed."""
        node: Node | None = self
        for step in path:
            node = node.child(step) if node is not None else None
        return node

    def child(self, step: Step) -> Node | None:
        """The value of a key (the first, where it stands twice), or the item at a position."""
        if isinstance(step, int):
            return self.items[step] if -len(self.items) <= step < len(self.items) else None
        return next((value for key, value in self.entries if key.value == step), None)

    def key(self, name: str) -> Node | None:
        """The node of a key itself."""
        return next((key for key, _ in self.entries if key.value == name), None)

    def text(self, *path: Step) -> str:
        """A scalar's value below this node; empty where there is none."""
        node = self.get(*path)
        return node.value if node is not None and node.kind == "scalar" else ""

    def keys(self) -> list[str]:
        """A mapping's keys, in order."""
        return [key.value for key, _ in self.entries]

    def children(self) -> Iterator[tuple[Step, Node]]:
        """The members, with what leads to each."""
        yield from ((key.value, value) for key, value in self.entries)
        yield from enumerate(self.items)

    def walk(self, path: Path = ()) -> Iterator[tuple[Path, Node]]:
        """The node and all below it, in the order of the text, each with its path."""
        yield path, self
        for step, node in self.children():
            yield from node.walk((*path, step))


class YamlDoc:
    """A YAML file. `roots` has one node a document; an empty document is an empty scalar."""

    def __init__(self, path: str, content: bytes, roots: Sequence[Node]) -> None:
        self.path = path
        self.content = content
        self.roots = tuple(roots)

    @property
    def root(self) -> Node:
        """The first document."""
        return self.roots[0]

    @cached_property
    def lines(self) -> list[int]:
        r"""Where each line starts; `\n`, `\r\n` and `\r` end one."""
        return [self.begin, *(match.end() for match in re.finditer(rb"\r\n|\n|\r", self.content))]

    @property
    def begin(self) -> int:
        """Where the text begins: behind a byte-order mark."""
        return len(_BOM) if self.content.startswith(_BOM) else 0

    @property
    def newline(self) -> str:
        """The file's own line ending: that of its first line."""
        match = re.search(rb"\r\n|\n|\r", self.content)
        return match[0].decode() if match else "\n"

    @cached_property
    def unit(self) -> int:
        """How far the file mostly indents a mapping below its key: 2 where it shows none."""
        steps: Counter[int] = Counter()
        for root in self.roots:
            for _, node in root.walk():
                for key, value in node.entries:
                    if value.kind == "mapping" and value.entries and not (value.flow or node.flow):
                        steps[self.column(value.entries[0][0].start) - self.column(key.start)] += 1
        return max(1, steps.most_common(1)[0][0]) if steps else 2

    def column(self, offset: int) -> int:
        """Characters between the start of the line and `offset`."""
        return len(self.content[self.line_start(offset) : offset].decode("utf-8", "replace"))

    def line_of(self, offset: int) -> int:
        """The line, from 1."""
        return max(bisect.bisect_right(self.lines, offset), 1)

    def line_start(self, offset: int) -> int:
        """Where the line of `offset` starts."""
        return self.lines[self.line_of(offset) - 1]

    def line_end(self, offset: int) -> int:
        """Where the line of `offset` ends, before its ending."""
        match = re.compile(rb"[\r\n]").search(self.content, offset)
        return match.start() if match else len(self.content)

    def next_line(self, offset: int) -> int:
        """Where the line after that of `offset` starts; the end of the file where there is none."""
        number = self.line_of(offset)
        return self.lines[number] if number < len(self.lines) else len(self.content)

    def offset(self, line: int, column: int | None = None) -> int:
        """The byte of a place as reports give it: both from 1; without a column, the first visible character."""
        line = min(max(line, 1), len(self.lines))
        start = self.lines[line - 1]
        text = self.content[start : self.line_end(start)]
        if column is None:
            return start + len(text) - len(text.lstrip())
        return start + len(text.decode("utf-8", "surrogateescape")[: column - 1].encode("utf-8", "surrogateescape"))

    def slice(self, start: int, end: int) -> str:
        """The text between two offsets."""
        return self.content[start:end].decode("utf-8", "replace")

    def source(self, node: Node) -> str:
        """A node as it is written."""
        return self.slice(node.start, node.end)

    def get(self, *path: Step) -> Node | None:
        """The node at a path of the first document."""
        return self.root.get(*path)

    def document_of(self, offset: int) -> int:
        """Which document holds the byte."""
        return max((index for index, root in enumerate(self.roots) if root.start <= offset), default=0)

    def path_at(self, offset: int) -> Path:
        """The path of the innermost node at a byte: on a key, that of its value; between nodes, the enclosing one."""
        node, path = self.roots[self.document_of(offset)], ()  # type: tuple[Node, Path]
        while (inner := _member_at(node, offset)) is not None:
            step, node = inner
            path = (*path, step)
        return path

    def enclosing(self, offset: int) -> list[tuple[Path, Node]]:
        """The nodes around a byte, outermost first, each with its path."""
        root, path = self.roots[self.document_of(offset)], self.path_at(offset)
        found = ((path[:length], root.get(*path[:length])) for length in range(len(path) + 1))
        return [(part, node) for part, node in found if node is not None]


def dotted(path: Sequence[Step]) -> str:
    """A path as `Candidate.declares` writes it: `jobs.build.steps[2].with`."""
    parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(parts).removeprefix(".")


def parse(content: bytes, path: str = "") -> YamlDoc:
    """The file's nodes.

    Raises:
        YamlBroken: it is not UTF-8, not YAML, has no document, or nests deeper than 200.
    """
    return _remembered(content, path) if len(content) <= _REMEMBERED_BYTES else _last(content, path)


def _parse(content: bytes, path: str) -> YamlDoc:
    begin = len(_BOM) if content.startswith(_BOM) else 0
    try:
        text = content[begin:].decode()
        roots = list(_Reader(text, content, begin).documents())
    except UnicodeDecodeError as error:
        message = f"{path}: byte {error.start} is not UTF-8"
        raise YamlBroken(message) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        message = f"{path} is not YAML that can be read: {' '.join(str(error).split())[:300]}"
        raise YamlBroken(message) from error
    if not roots:
        message = f"{path} holds no YAML document"
        raise YamlBroken(message)
    return YamlDoc(path, content, roots)


# Every finding of a file asks for it again; nobody changes a document. Of large ones, only the last is kept.
_remembered = lru_cache(maxsize=32)(_parse)
_last = lru_cache(maxsize=1)(_parse)


def _member_at(node: Node, offset: int) -> tuple[Step, Node] | None:
    for key, value in node.entries:
        if key.start <= offset <= max(value.end, key.end, value.tail - 1):
            return key.value, value
    for index, item in enumerate(node.items):
        if item.start <= offset <= item.end:
            return index, item
    return None


class _Reader:
    """Events to nodes. PyYAML counts characters: they become bytes of the file."""

    def __init__(self, text: str, content: bytes, begin: int) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._content = content
        self._begin = begin
        ascii_only = text.isascii()
        self._bytes = None if ascii_only else list(accumulate((len(char.encode()) for char in text), initial=0))

    def documents(self) -> Iterator[Node]:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                yield self._node(next(self._events), 0)

    def _at(self, mark: Any) -> int:
        index: int = mark.index
        return self._begin + (index if self._bytes is None else self._bytes[index])

    def _node(self, event: Any, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            message = f"it nests deeper than {_MAX_DEPTH}"
            raise ValueError(message)
        start, end = self._at(event.start_mark), self._at(event.end_mark)
        if isinstance(event, yaml.AliasEvent):
            return Node("alias", start, end, value=event.anchor or "")
        start = self._behind_properties(start, event)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, start, end)
        return self._collection(event, start, depth)

    def _behind_properties(self, start: int, event: Any) -> int:
        """A node starts behind its anchor and tag, so that replacing it keeps them."""
        if event.anchor is None and event.tag is None:
            return start
        match = _PROPERTIES.match(self._content, start)
        return match.end() if match else start

    def _scalar(self, event: Any, start: int, tail: int) -> Node:
        visible = start + len(self._content[start:tail].rstrip()) if start < tail else start
        return Node(
            "scalar", start, visible, value=event.value, style=event.style or "", anchor=event.anchor, tag=event.tag,
            tail=max(tail, visible),
        )  # fmt: skip

    def _collection(self, event: Any, start: int, depth: int) -> Node:
        mapping = isinstance(event, yaml.MappingStartEvent)
        entries: list[tuple[Node, Node]] = []
        items: list[Node] = []
        end = start
        while not isinstance(inner := next(self._events), yaml.CollectionEndEvent):
            node = self._node(inner, depth + 1)
            if mapping:
                value = self._node(next(self._events), depth + 1)
                entries.append((node, value))
                node = value
            else:
                items.append(node)
            end = max(end, node.end)
        flow = bool(event.flow_style)
        return Node(
            "mapping" if mapping else "sequence", start, self._at(inner.end_mark) if flow else end,
            style="flow" if flow else "", anchor=event.anchor, tag=event.tag, entries=entries, items=items, tail=end,
        )  # fmt: skip
