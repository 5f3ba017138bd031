"""Syntax trees: bytes → tree, its errors, and the function and class around a line. The only tree-sitter adapter."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from workers.source.grammars import grammar, language_of

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_PROBLEMS = 100
_CACHED_TREES = 32
_FUNCTIONS = frozenset(
    (
        "function_definition",
        "function_declaration",
        "function_item",
        "function_expression",
        "generator_function_declaration",
        "method_definition",
        "method_declaration",
        "constructor_declaration",
        "secondary_constructor",
        "arrow_function",
        "local_function_statement",
        "method",
        "singleton_method",
    )
)
_CLASSES = frozenset(
    (
        "class_definition",
        "class_declaration",
        "class_specifier",
        "abstract_class_declaration",
        "interface_declaration",
        "enum_declaration",
        "record_declaration",
        "struct_declaration",
        "struct_item",
        "struct_specifier",
        "trait_item",
        "trait_declaration",
        "trait_definition",
        "impl_item",
        "object_declaration",
        "object_definition",
        "companion_object",
        "class",
        "module",
    )
)
_IDENTIFIERS = frozenset(
    (
        "identifier",
        "type_identifier",
        "simple_identifier",
        "field_identifier",
        "property_identifier",
        "constant",
        "name",
        "word",
    )
)


class Problem(msgspec.Struct, frozen=True, order=True):
    """A place that the grammar could not make sense of."""

    line: int
    """From 1."""
    column: int
    """From 1, in bytes."""
    kind: str
    """`error`, or `missing NODE`."""
    text: str
    """The first bytes of what stands there."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The function and the class around a line; lines from 1, inclusive; none where there is none."""

    function: str | None = None
    class_name: str | None = None
    start_line: int | None = None
    end_line: int | None = None
    """Of the function, else of the class."""


class Syntax:
    """One parsed file."""

    def __init__(self, language: str, content: bytes, root: Node) -> None:
        self.language = language
        self.content = content
        self.root = root

    @functools.cached_property
    def problems(self) -> tuple[Problem, ...]:
        """The outermost error and missing nodes, in order; at most `MAX_PROBLEMS`."""
        return tuple(sorted(self._problems()))

    def node_at(self, start: int, end: int) -> Node | None:
        """The smallest named node that spans the bytes `start:end`."""
        return self.root.named_descendant_for_byte_range(start, max(start, end))

    def node_on_line(self, line: int) -> Node | None:
        """The smallest named node that spans what is written on a line (from 1)."""
        lines = self.content.split(b"\n")
        if not 1 <= line <= len(lines):
            return None
        start = sum(len(text) + 1 for text in lines[: line - 1])
        text = lines[line - 1]
        first = start + len(text) - len(text.lstrip())
        return self.node_at(first, max(first, start + len(text.rstrip()) - 1))

    def text(self, node: Node) -> str:
        """What a node covers."""
        return self.content[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _problems(self) -> Iterator[Problem]:
        found = 0
        stack = [self.root]
        while stack and found < MAX_PROBLEMS:
            node = stack.pop()
            if node.is_error or node.is_missing:
                found += 1
                kind = f"missing {node.type}" if node.is_missing else "error"
                yield Problem(node.start_point[0] + 1, node.start_point[1] + 1, kind, self.text(node)[:60])
            elif node.has_error:
                stack.extend(node.children)


def parse(content: bytes, path: str = "", *, language: str | None = None) -> Syntax | None:
    """The file's tree, errors included; none where no grammar knows the language.

    The language is taken from `path` (and a `#!` line) unless it is given. The last few trees are kept.
    """
    name = language or language_of(path, content)
    return _parse(content, name) if name else None


def scope(syntax: Syntax, line: int) -> Scope:
    """The innermost function and class around a line (from 1)."""
    return _scope(syntax, syntax.node_on_line(line))


def ancestors(node: Node | None) -> Iterator[Node]:
    """The node and those around it, innermost first."""
    while node is not None:
        yield node
        node = node.parent


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, in source order, without recursion."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.children))


@functools.lru_cache(maxsize=_CACHED_TREES)
def _parse(content: bytes, language: str) -> Syntax | None:
    rules = grammar(language)
    if rules is None:
        return None
    from tree_sitter import Parser

    return Syntax(language, content, Parser(rules).parse(content).root_node)


def _scope(syntax: Syntax, node: Node | None) -> Scope:
    around = [part for part in ancestors(node) if part.is_named]
    function = next((part for part in around if part.type in _FUNCTIONS), None)
    owner = next((part for part in around if part.type in _CLASSES and part.parent is not None), None)
    inner = function or owner
    return Scope(
        function=_name(syntax, function) if function else None,
        class_name=_name(syntax, owner) if owner else None,
        start_line=inner.start_point[0] + 1 if inner else None,
        end_line=inner.end_point[0] + 1 if inner else None,
    )


def _name(syntax: Syntax, node: Node) -> str | None:
    if node.type in _IDENTIFIERS:
        return syntax.text(node)
    named = node.child_by_field_name("type" if node.type == "impl_item" else "name")
    if named is not None:
        return syntax.text(named)
    declarator = node.child_by_field_name("declarator")
    if declarator is not None:
        return _name(syntax, declarator)
    direct = next((child for child in node.children if child.type in _IDENTIFIERS), None)
    if direct is not None:
        return syntax.text(direct)
    # An anonymous function is called what it is assigned to.
    return _name(syntax, node.parent) if node.parent and node.parent.type in _ASSIGNING else None


_ASSIGNING = frozenset(("variable_declarator", "pair", "public_field_definition", "field_definition"))
