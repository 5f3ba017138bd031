"""A changed Python file, both sides: the nodes on the lines that changed, and what their names mean."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

import msgspec

from workers.source.linediff import differences
from workers.verify.python.fold import parsed


class Side(msgspec.Struct, frozen=True):
    """One side."""

    tree: ast.Module
    nodes: tuple[ast.AST, ...]
    """Everything that begins on a line that went or came."""
    imported: dict[str, str]
    """A name in this file → what it was imported as: `ET` → `xml.etree.ElementTree`."""

    def dotted(self, node: ast.AST) -> str:
        """`ET.fromstring` → `xml.etree.ElementTree.fromstring`; of a call's result, the rest with a leading dot."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            return f"{self.dotted(node.value)}.{node.attr}"
        return ""

    def calls(self) -> Iterator[ast.Call]:
        """The calls on changed lines."""
        return (node for node in self.nodes if isinstance(node, ast.Call))

    def mentioned(self) -> set[str]:
        """Every dotted name that is read on changed lines, imports left out."""
        return {self.dotted(node) for node in self.nodes if isinstance(node, ast.Name | ast.Attribute)} - {""}


@functools.lru_cache(maxsize=512)
def sides(before: bytes, after: bytes) -> tuple[Side, Side] | None:
    """Both sides; none where one of them is no Python."""
    old, new = parsed(before), parsed(after)
    if old is None or new is None:
        return None
    gone: set[int] = set()
    come: set[int] = set()
    first, second = before.splitlines(), after.splitlines()
    for start, end, now, last in differences(first, second):
        gone.update(range(start + 1, end + 1))
        come.update(range(now + 1, last + 1))
    return _side(old, gone), _side(new, come)


def _side(tree: ast.Module, lines: set[int]) -> Side:
    nodes = tuple(node for node in ast.walk(tree) if getattr(node, "lineno", None) in lines)
    imported: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                imported[one.asname or one.name.partition(".")[0]] = (
                    one.name if one.asname else one.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for one in node.names:
                imported[one.asname or one.name] = f"{node.module}.{one.name}"
    return Side(tree, nodes, imported)
