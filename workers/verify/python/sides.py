"""A changed Python file, both sides: the nodes on the lines that changed, and what their names mean."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from workers.source.linediff import differences
from workers.verify.python.parts import parts


class Side(msgspec.Struct, frozen=True):
    """One side."""

    tree: ast.Module
    changed: tuple[ast.stmt, ...]
    """The statements of the module that a changed line is in: nothing of the others became anything else."""
    nodes: tuple[ast.AST, ...]
    """Everything that begins on a line that went or came."""
    imported: Mapping[str, str]
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
    both = parts(before, after)
    if both is None:
        return None
    gone: set[int] = set()
    come: set[int] = set()
    for start, end, now, last in differences(before.splitlines(), after.splitlines()):
        gone.update(range(start + 1, end + 1))
        come.update(range(now + 1, last + 1))
    return _side(both.old, both.gone, gone), _side(both.new, both.come, come)


def _side(tree: ast.Module, changed: Sequence[ast.stmt], lines: set[int]) -> Side:
    nodes = tuple(
        node for statement in changed for node in ast.walk(statement) if getattr(node, "lineno", None) in lines
    )
    imported = {name: meant for statement in tree.body for name, meant in _imported(statement)}
    return Side(tree, tuple(changed), nodes, imported)


@functools.lru_cache(maxsize=8192)
def _imported(statement: ast.stmt) -> tuple[tuple[str, str], ...]:
    """The names that imports in a statement bind, and what each stands for."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(statement):
        if isinstance(node, ast.Import):
            for one in node.names:
                top = one.name.partition(".")[0]
                found.append((one.asname, one.name) if one.asname else (top, top))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [(one.asname or one.name, f"{node.module}.{one.name}") for one in node.names]
    return tuple(found)
