"""npm, yarn and pnpm: `package.json` with byte spans, by the JSON grammar."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from workers.source.manifests.declaration import Declaration, Span
from workers.source.syntax import Syntax, parse

if TYPE_CHECKING:
    from tree_sitter import Node

_ALIAS = re.compile(r"npm:(?P<name>@?[^@]+)@")
SECTIONS = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


class Json:
    """A JSON object's file, with the spans of its parts."""

    def __init__(self, path: str, content: bytes) -> None:
        """Parse it.

        Raises:
            ValueError: it is not one JSON object.
        """
        is_object = isinstance(json.loads(content), dict)
        syntax = parse(content, path, language="json")
        if not is_object or syntax is None or syntax.problems:
            message = f"{path} is not one JSON object"
            raise ValueError(message)
        self.path = path
        self.syntax: Syntax = syntax
        self.root = next(node for node in syntax.root.children if node.type == "object")

    def pairs(self, node: Node) -> Iterator[tuple[str, Node]]:
        """Key → value node of an object, in order."""
        for pair in node.children:
            key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
            if pair.type == "pair" and key is not None and value is not None:
                yield json.loads(self.syntax.text(key)), value

    def at(self, *keys: str) -> Node | None:
        """The value along a path of keys."""
        node: Node | None = self.root
        for key in keys:
            node = dict(self.pairs(node)).get(key) if node is not None and node.type == "object" else None
        return node

    def string(self, node: Node) -> str:
        """The value of a string node; empty for any other."""
        return str(json.loads(self.syntax.text(node))) if node.type == "string" else ""

    def inner(self, node: Node) -> Span:
        """A string's text, without its quotation marks."""
        return Span(self.path, node.start_byte + 1, node.end_byte - 1)


def declarations(document: Json) -> list[Declaration]:
    """What a `package.json` asks for; `scope` is the section. What is installed under another name has its own."""
    found = []
    for section in SECTIONS:
        node = document.at(section)
        for name, value in document.pairs(node) if node is not None else ():
            if value.type == "string":
                span, version = document.inner(value), document.string(value)
                alias = _ALIAS.match(version)
                own = alias["name"] if alias else name
                found.append(Declaration(name=own, version=version, literal=span, at=span, scope=section))
    return found
