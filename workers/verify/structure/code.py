"""Code before and after, as syntax trees: did anything change but what the candidate declares?

- `node:flagged` – the innermost statement that holds the flagged region may change, also into several statements.
- `statement:LINE` – the innermost statement that begins at LINE (of the original) may change likewise.
- `insert:LINE` – whole new statements may stand right before the statement that begins at LINE.
- `import:NAME` – an import that names NAME may be added or changed; with `/delete` it may vanish or be renamed.
- `/delete` behind the first two permits that the statement vanishes.

Comments and blanks do not count; what they may hide is looked for elsewhere (suppressions, commented-out code).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from daemon.domain.finding import Region
from workers.source.syntax import Syntax, ancestors, walk
from workers.verify.structure.diff import DELETE
from workers.verify.structure.nodes import IMPORTS, NodeChange, differences

if TYPE_CHECKING:
    from tree_sitter import Node

_BLOCKS = ("block", "body", "statements", "declaration_list", "program", "module", "source_file", "compilation_unit")


def violations(before: Syntax, after: Syntax, declares: Sequence[str], flagged: Sequence[Region]) -> list[str]:
    """Every undeclared change, as a phrase; none where the structure is preserved."""
    rules = _Rules(before, after, declares, flagged)
    return [
        f"line {_line(before, change.at)}: {why}"
        for change in differences(before, after)
        if (why := rules.refuse(change))
    ]


class _Rules:
    """What the candidate declared, resolved to statements of the tree before."""

    def __init__(self, before: Syntax, after: Syntax, declares: Sequence[str], flagged: Sequence[Region]) -> None:
        self._before, self._after = before, after
        self._statements: list[tuple[Node, bool]] = []
        self._insert_before: set[int] = set()
        self._imports: list[tuple[str, bool]] = []
        for declared in declares:
            kind, _, value = declared.removesuffix(DELETE).partition(":")
            deletes = declared.endswith(DELETE)
            if kind == "node":
                self._statements += [(node, deletes) for region in flagged for node in self._flagged(region)]
            elif kind == "statement" and value.isdigit():
                self._statements += [(node, deletes) for node in self._at_line(int(value))]
            elif kind == "insert" and value.isdigit():
                self._insert_before.add(int(value))
            elif kind == "import":
                self._imports.append((value, deletes))

    def refuse(self, change: NodeChange) -> str | None:
        """Why the change was not declared; none where it was."""
        before: list[Node] = list(change.before)  # type: ignore[arg-type]  # nodes; msgspec cannot name the lazy type
        after: list[Node] = list(change.after)  # type: ignore[arg-type]  # see above
        parent: Node = change.parent  # type: ignore[assignment]  # see above
        if self._imports and self._imports_only(before, after, parent):
            return None
        if not before:
            return self._refuse_insertion(change.at, after, parent)
        if not after and all(self._may_vanish(node) for node in before):
            return None
        for statement, deletes in self._statements:
            if before[0].start_byte >= statement.start_byte and before[-1].end_byte <= statement.end_byte:
                whole = before[0].start_byte == statement.start_byte and before[-1].end_byte == statement.end_byte
                if whole and not after and not deletes:
                    return "the flagged code was deleted, which the fix does not declare"
                return None
        if after and all(self._declared(node) for node in before):
            return None
        return f"`{_short(self._before, before[0])}` changed, which the fix does not declare"

    def _declared(self, node: Node) -> bool:
        """Whether one declared statement holds the node."""
        return any(
            statement.start_byte <= node.start_byte and node.end_byte <= statement.end_byte
            for statement, _ in self._statements
        )

    def _may_vanish(self, node: Node) -> bool:
        """Whether it is declared that just this statement may vanish."""
        span = (node.start_byte, node.end_byte)
        return any(deletes and (one.start_byte, one.end_byte) == span for one, deletes in self._statements)

    def _refuse_insertion(self, at: int, after: list[Node], parent: Node) -> str | None:
        for statement, _ in self._statements:
            if statement.start_byte <= at <= statement.end_byte:
                return None
        following = next((child for child in parent.named_children if child.start_byte >= at), None)
        lines = {_line(self._before, at), following.start_point[0] + 1 if following else 0}
        if lines & self._insert_before:
            return None
        return f"`{_short(self._after, after[0])}` was added, which the fix does not declare"

    def _imports_only(self, before: list[Node], after: list[Node], parent: Node) -> bool:
        inside = any(_is_import(node) for node in ancestors(parent))
        sides = ((self._before, before, True), (self._after, after, False))
        if not inside and not all(_imports_something(tree, node) for tree, nodes, _ in sides for node in nodes):
            return False
        return all(self._names(tree, node, gone) for tree, nodes, gone in sides for node in nodes if node.is_named)

    def _names(self, tree: Syntax, node: Node, gone: bool) -> bool:
        """Whether a declared import names what the node says; what goes needs `/delete`."""
        names = [name for name, deletes in self._imports if deletes or not gone]
        text = tree.text(node)
        return any(re.search(rf"(?<![\w-]){re.escape(name.rpartition('.')[2])}(?![\w-])", text) for name in names)

    def _flagged(self, region: Region) -> Iterator[Node]:
        start, end = _span(self._before, region)
        node = self._before.node_at(start, max(start, end - 1))
        statement = next((part for part in ancestors(node) if _is_statement(part)), None)
        if statement is not None:
            yield statement

    def _at_line(self, line: int) -> Iterator[Node]:
        starting = [
            node
            for node in walk(self._before.root)
            if node.is_named
            and node.start_point[0] + 1 == line
            and (_is_statement(node) or node.type in {"except_clause", "catch_clause"})
        ]
        if starting:
            yield min(starting, key=lambda node: node.end_byte - node.start_byte)


def _is_statement(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type.endswith(_BLOCKS) and "comment" not in node.type


def _is_import(node: Node) -> bool:
    return node.type.startswith(IMPORTS) or "import" in node.type


def _imports_something(tree: Syntax, node: Node) -> bool:
    return _is_import(node) or bool(re.search(r"\brequire\s*\(|\bimport\b|^use\b|^using\b", tree.text(node)))


def _span(tree: Syntax, region: Region) -> tuple[int, int]:
    """Byte offsets of a region; a whole line's where it has no columns, without its indentation."""
    lines = tree.content.split(b"\n")
    first = min(max(region.start_line, 1), len(lines))
    last = min(max(region.end_line or first, first), len(lines))
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    text, final = lines[first - 1], lines[last - 1]
    column = region.start_column - 1 if region.start_column else len(text) - len(text.lstrip())
    end = region.end_column - 1 if region.end_column else len(final.rstrip())
    start = starts[first - 1] + min(column, len(text))
    return start, max(start + 1, starts[last - 1] + min(end, len(final)))


def _line(tree: Syntax, offset: int) -> int:
    return tree.content.count(b"\n", 0, offset) + 1


def _short(tree: Syntax, node: Node) -> str:
    return " ".join(tree.text(node).split())[:60]
