"""What another module of the project exports under a name."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.javascript.binding import Bound
from workers.source.syntax import parse
from workers.source.tree import SourceTree, has, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_MODULE = re.compile(r"(?:from|require\(|import\()\s*['\"](?P<name>\.{1,2}/[^'\"]*|\.{1,2})['\"]")
_ENDINGS = ("", ".js", ".ts", ".mjs", ".cjs", ".tsx", "/index.js", "/index.ts")


def exported(file: Parsed, name: Node, found: Bound, tree: SourceTree) -> tuple[Parsed, Node] | None:
    """The value that the project's module gives the imported name; `None` where it gives none, or several."""
    text = file.text(name)
    said = file.text(found.node) if found.node is not None else ""
    module = _MODULE.search(said)
    if module is None or re.search(rf"\b{re.escape(text)}\s*(?:as|:)\s|\b(?:as|:)\s*{re.escape(text)}\b", said):
        return None
    where = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), module["name"]))
    path = next((where + ending for ending in _ENDINGS if has(tree, where + ending)), None)
    content = text_of(tree, path).encode() if path is not None else b""
    syntax = parse(content, path) if path is not None else None
    if path is None or syntax is None:
        return None
    other = Parsed(path, content, syntax)
    values = _declared(other, text) or _of_object(other, text)
    return (other, values[0]) if len(values) == 1 else None


def _declared(file: Parsed, name: str) -> list[Node]:
    """The values of the module's own constants of that name."""
    found = []
    for statement in file.syntax.root.named_children:
        inner = statement.child_by_field_name("declaration") or statement
        for each in inner.named_children if inner.type == "lexical_declaration" else ():
            named, value = each.child_by_field_name("name"), each.child_by_field_name("value")
            if named is not None and value is not None and file.text(named) == name and "const" in file.text(inner)[:6]:
                found.append(value)
    return found


def _of_object(file: Parsed, name: str) -> list[Node]:
    """`exports.NAME = …`, or a property of what `module.exports` is given."""
    found = []
    for node in file.of("assignment_expression"):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            continue
        if re.fullmatch(rf"(?:module\.)?exports\.{re.escape(name)}", file.text(left)):
            found.append(right)
        elif file.text(left) == "module.exports" and right.type == "object":
            for pair in right.named_children:
                key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
                if key is not None and value is not None and file.text(key) == name:
                    found.append(value)
    return found
