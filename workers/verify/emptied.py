"""Whether a fix ended the weakness by no longer doing the work: the scanner is content with an empty function too.

Looked at are the statements that changed. A fix may call something else, but it must still work on what the original
worked on: its variables, its receiver, what it inserted into a string.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from workers.source.linediff import differences
from workers.source.syntax import Syntax, ancestors, parse, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_ARGUMENTS = frozenset(
    ("argument_list", "arguments", "value_arguments", "interpolation", "template_substitution", "binary_operator")
)
_CALLS = frozenset(
    ("call", "call_expression", "method_invocation", "object_creation_expression", "new_expression", "await")
)
_KEYWORD = "keyword_argument"
_ASIDE = frozenset(("decorator", "type", "type_annotation"))
_GIVEN = frozenset(("true", "false", "null", "this", "self", "super", "Math", "Object", "JSON", "Date", "console"))
"""Names of the language: a fix is free to work without them."""
_ENVIRONMENT = re.compile(r"(?:\w+\.)?environ\[")
"""What asks for a variable as a call does."""
_IMPORTS = ("import", "package")
_IMPORT_WORDS = tuple(word.encode() for word in _IMPORTS)
_CODE = frozenset(("python", "javascript", "typescript", "tsx", "java", "kotlin", "go"))


class _Work(msgspec.Struct, frozen=True):
    """What some lines of code work on."""

    names: frozenset[str]
    """Variables, without those that are only assigned to."""
    arguments: frozenset[str]
    """Those handed to calls or put into strings."""
    calls: int


@functools.lru_cache(maxsize=512)
def emptied(path: str, before: bytes, after: bytes) -> str | None:
    """What is no longer done, as a phrase; none where the work is still done, or the language is not known here."""
    old, new = parse(before, path), parse(after, path)
    if old is None or new is None or old.language not in _CODE or old.problems:
        return None
    gone, come = _changed(before, after)
    was, now = _work(old, gone, keywords=False), _work(new, come, keywords=True)
    if was.calls == 0:
        return None
    if was.arguments and not was.arguments & now.names:
        return f"nothing is done any more with {_listed(was.arguments)}"
    if was.names and not was.names & now.names:
        return f"{_listed(was.names)} is no longer used"
    if now.calls == 0 and (was.calls > 1 or not now.names):
        return "the call was replaced by a constant or by nothing"
    return None


def _changed(before: bytes, after: bytes) -> tuple[set[int], set[int]]:
    """Lines, from 0, that went and that came."""
    old, new = before.splitlines(), after.splitlines()
    gone: set[int] = set()
    come: set[int] = set()
    for first, last, now, end in differences(old, new):
        gone.update(range(first, last))
        come.update(range(now, end))
    return gone, come


def _work(tree: Syntax, lines: set[int], *, keywords: bool) -> _Work:
    """What is worked on in the lines, with the values that are given by keyword or without."""
    names: set[str] = set()
    arguments: set[str] = set()
    calls = 0
    imported = {tree.text(node) for part in _imports(tree) for node in walk(part) if _is_name(node)}
    for node in _on(tree, lines):
        if any(_is_import(above) for above in ancestors(node)):
            continue
        calls += node.type in _CALLS or (node.type == "subscript" and bool(_ENVIRONMENT.match(tree.text(node))))
        if _is_name(node) and tree.text(node) not in imported | _GIVEN and _reads(node, keywords=keywords):
            names.add(tree.text(node))
            if any(above.type in _ARGUMENTS for above in _within(node)):
                arguments.add(tree.text(node))
    return _Work(frozenset(names), frozenset(arguments), calls)


def _on(tree: Syntax, lines: set[int]) -> Iterator[Node]:
    """The nodes that begin on the lines, in source order; what ends before them or begins after is not looked into."""
    first, last = min(lines, default=0), max(lines, default=-1)
    stack = [tree.root]
    while stack:
        node = stack.pop()
        if node.start_point[0] in lines:
            yield node
        if node.start_point[0] <= last and node.end_point[0] >= first:
            stack.extend(reversed(node.children))


def _imports(tree: Syntax) -> Iterator[Node]:
    """The nodes that bring names, in source order; what does not have the word anywhere is not looked into."""
    stack = [tree.root]
    while stack:
        node = stack.pop()
        if _is_import(node):
            yield node
        text = tree.content[node.start_byte : node.end_byte]
        if any(word in text for word in _IMPORT_WORDS):
            stack.extend(reversed(node.children))


def _is_import(node: Node) -> bool:
    return node.type.startswith(_IMPORTS)


def _is_name(node: Node) -> bool:
    return not node.children and node.type in {"identifier", "simple_identifier", "shorthand_property_identifier"}


def _reads(node: Node, *, keywords: bool) -> bool:
    """Whether the name is a value that is read: no attribute, keyword, callee, constant or assignment's target."""
    parent = node.parent
    aside = _ASIDE if keywords else {*_ASIDE, _KEYWORD}
    if parent is None or any(above.type in aside for above in _within(node)):
        return False
    for field in ("attribute", "property", "field", "name", "left", "function", "type"):
        if parent.child_by_field_name(field) == node:
            return False
    return parent.type not in {"navigation_suffix", "parameters", "formal_parameters", "variable_declaration"}


def _within(node: Node) -> Iterator[Node]:
    """The nodes above it, up to its statement."""
    for above in ancestors(node):
        if above.type.endswith(("statement", "block", "declaration", "definition")):
            return
        yield above


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)[:3])
