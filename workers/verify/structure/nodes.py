"""Syntax trees before and after → the smallest runs of neighbouring nodes that became others. Comments do not count."""

from __future__ import annotations

import difflib
import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from workers.source.linediff import same_ends
from workers.source.syntax import Syntax

if TYPE_CHECKING:
    from tree_sitter import Node

IMPORTS = ("import", "require", "using_directive", "preproc_include", "package_header")
"""How the types of nodes begin that bring names from elsewhere."""
_TEXTS = ("quote", "string", "block_scalar")
_DEFINES = re.compile(r"(?:class|field|function|method|object|interface)_(?:definition|declaration)")


class NodeChange(msgspec.Struct, frozen=True):
    """Neighbouring nodes of one parent became other nodes; either side may be empty."""

    before: tuple[object, ...]
    after: tuple[object, ...]
    parent: object
    """In the tree before."""
    at: int
    """Byte offset of the change in the file before."""


def same_tokens(before: Syntax, after: Syntax) -> bool:
    """Whether two files differ in comments and blanks only."""
    left, right = _children(before.root), _children(after.root)
    begin, rest = same_ends(left, right, functools.partial(_is_same, before, after))
    inner = left[begin : len(left) - rest], right[begin : len(right) - rest]
    if not left or not right or len(inner[0]) != len(inner[1]):
        return list(_tokens(before, before.root)) == list(_tokens(after, after.root))
    between = _between(before, before.root, 0), _between(after, after.root, 0)
    return list(between[0]) == list(between[1]) and all(
        old == new
        for one, other in zip(*inner, strict=True)
        for old, new in itertools.zip_longest(_tokens(before, one), _tokens(after, other))
    )


def differences(before: Syntax, after: Syntax) -> list[NodeChange]:
    """The smallest runs of nodes that changed."""
    return list(_differ(before, after, before.root, after.root))


def _differ(before: Syntax, after: Syntax, old: Node, new: Node) -> Iterator[NodeChange]:
    stack = [(old, new)]
    while stack:
        one, other = stack.pop()
        left, right = _children(one), _children(other)
        if one.type != other.type or not left or not right:
            if list(_tokens(before, one)) != list(_tokens(after, other)):
                yield NodeChange((one,), (other,), one.parent or one, one.start_byte)
            continue
        # A fix changes little: of a long file's other functions no leaf has to be looked at.
        begin, rest = same_ends(left, right, functools.partial(_is_same, before, after))
        pair = left[begin : len(left) - rest], right[begin : len(right) - rest]
        if [len(each) for each in pair] == [1, 1] and _kind(before, pair[0][0]) == _kind(after, pair[1][0]):
            stack.append((pair[0][0], pair[1][0]))
            continue
        keys = (
            [_key(before, node) for node in pair[0]],
            [_key(after, node) for node in pair[1]],
        )
        for tag, *places in difflib.SequenceMatcher(None, *keys, autojunk=False).get_opcodes():
            if tag == "equal":
                continue
            first, last, now, now_last = (begin + place for place in places)
            kinds = (
                [_kind(before, node) for node in left[first:last]],
                [_kind(after, node) for node in right[now:now_last]],
            )
            yield from _replaced(one, left, first, right[now:now_last], kinds, stack)


def _is_same(before: Syntax, after: Syntax, one: Node, other: Node) -> bool:
    texts = before.content[one.start_byte : one.end_byte], after.content[other.start_byte : other.end_byte]
    return one.type == other.type and texts[0] == texts[1]


def _replaced(
    parent: Node,
    left: list[Node],
    first: int,
    right: list[Node],
    kinds: tuple[list[str], list[str]],
    stack: list[tuple[Node, Node]],
) -> Iterator[NodeChange]:
    """Neighbours that became others: like kinds are compared further, as far as their order allows."""
    opcodes: Sequence[tuple[str, int, int, int, int]] = [("replace", 0, len(kinds[0]), 0, len(kinds[1]))]
    # One statement that became two of its kind is one change; new imports above a changed function are another.
    both = [kind for kind in set(kinds[0]) & set(kinds[1]) if not kind.startswith(IMPORTS)]
    if all(kinds[0].count(kind) == kinds[1].count(kind) for kind in both):
        opcodes = difflib.SequenceMatcher(None, *kinds, autojunk=False).get_opcodes()
    for tag, start, end, now, now_end in opcodes:
        old, new = left[first + start : first + end], right[now:now_end]
        if tag == "equal":
            stack.extend(zip(old, new, strict=True))
        else:
            place = left[first + start].start_byte if first + start < len(left) else parent.end_byte
            yield NodeChange(tuple(old), tuple(new), parent, place)


def _kind(tree: Syntax, node: Node) -> str:
    """The node's type, with the name of what it defines: a new class beside a changed one is not that class."""
    inner = "declarator" if node.type == "field_declaration" else "definition"
    defined = node.child_by_field_name(inner) or node
    name = defined.child_by_field_name("name") if _DEFINES.search(node.type) or _DEFINES.search(defined.type) else None
    return f"{node.type} {tree.text(name)}" if name is not None else node.type


def _children(node: Node) -> list[Node]:
    return [child for child in node.children if "comment" not in child.type]


def _key(tree: Syntax, node: Node) -> tuple[str, ...]:
    return (node.type, *_tokens(tree, node))


def _tokens(tree: Syntax, node: Node) -> Iterator[str]:
    """Every leaf with its depth below `node`: where indentation is nesting, the text alone would not show it.

    Text that belongs to no child counts as well: of a quoted scalar, YAML's grammar names the quotes alone, of a block
    what looks like a comment in it, and others name only the escapes of a string.
    """
    stack = [(node, 0)]
    while stack:
        part, depth = stack.pop()
        if "comment" in part.type:
            continue
        if not part.children or any(kind in part.type for kind in _TEXTS):
            yield f"{depth} {tree.text(part)}"
        else:
            yield from _between(tree, part, depth)
        stack.extend((child, depth + 1) for child in reversed(part.children))


def _between(tree: Syntax, node: Node, depth: int) -> Iterator[str]:
    """What stands between the children of a node and belongs to none of them."""
    at = node.start_byte
    for start, end in (
        *((child.start_byte, child.end_byte) for child in node.children),
        (node.end_byte, node.end_byte),
    ):
        if start > at and (text := tree.content[at:start].strip()):
            yield f"{depth} {text.decode('utf-8', 'replace')}"
        at = max(at, end)
