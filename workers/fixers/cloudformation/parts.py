"""Files that are parts of a template: it is put together of several, and what it is given stands in another one."""

from __future__ import annotations

import re

from workers.source.tree import SourceTree, text_of
from workers.source.yamldoc import Node

_NAMED = {"Ref": ("Parameters", "Resources"), "If": ("Conditions",), "FindInMap": ("Mappings",)}
_SUFFIXES = (".yaml", ".yml", ".template", ".json")


def elsewhere(tree: SourceTree, path: str, root: Node) -> str:
    """The file that has what the template names and lacks, as a parameter; empty where it has all, or none does."""
    name = _lacking(root)
    if not name:
        return ""
    said = re.compile(rf"^\s*[\"']?{re.escape(name)}[\"']?\s*:", re.MULTILINE)
    others = (one for one in tree.paths() if one.endswith(_SUFFIXES) and one != path)
    return next((one for one in others if said.search(text_of(tree, one))), "")


def _lacking(root: Node) -> str:
    known = {}
    for kind in ("Parameters", "Resources", "Conditions", "Mappings"):
        section = root.child(kind)
        known[kind] = [key.value for key, _ in section.entries] if section is not None else []
    for _, node in root.walk():
        for function, kinds in _NAMED.items():
            name = _first(node, function)
            if name and not name.startswith(("AWS::", "Serverless")) and not _is_there(name, known, kinds):
                return name
    return ""


def _is_there(name: str, known: dict[str, list[str]], kinds: tuple[str, ...]) -> bool:
    """Whether one has that name, or SAM makes it of one: `FunctionRole`, `Function.Alias`."""
    return any(name == one or (kind == "Resources" and name.startswith(one)) for kind in kinds for one in known[kind])


def _first(node: Node, function: str) -> str:
    """The name that a function of the template is about; empty where the node is no such call."""
    if node.tag == f"!{function}":
        given: Node | None = node
    elif node.kind == "mapping" and len(node.entries) == 1:
        given = node.child(function) or node.child(f"Fn::{function}")
    else:
        return ""
    if given is not None and given.kind == "sequence":
        given = given.items[0] if given.items else None
    return given.value if given is not None and given.kind == "scalar" and not _called(given, function) else ""


def _called(node: Node, function: str) -> bool:
    return (node.tag or "").startswith("!") and node.tag != f"!{function}"
