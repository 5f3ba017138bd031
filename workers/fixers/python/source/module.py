"""A Python file as its fixers see it: syntax tree, byte spans, what names mean."""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TypeVar

from daemon.domain.finding import Region
from daemon.domain.fix import Edit
from workers.fixers.code import Text, read, region
from workers.fixers.registry import NoFix, NotHere, OtherLanguage, Target

N = TypeVar("N", bound=ast.AST)
_Placed = ast.expr | ast.stmt | ast.excepthandler | ast.arg | ast.keyword | ast.alias


class Module(Text):
    """A parsed file. Offsets of the standard library's `ast` are UTF-8 bytes, like those of `Text`."""

    def __init__(self, path: str, content: bytes) -> None:
        super().__init__(path, content)
        self.tree = _parse(path, content)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node, parents before children."""
        return list(ast.walk(self.tree))

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Child → parent; operators and contexts, which the parser shares between nodes, are left out."""
        return {
            child: node for node in self.nodes for child in ast.iter_child_nodes(node) if not isinstance(child, _SHARED)
        }

    @cached_property
    def indent_unit(self) -> str:
        """One level of indentation: what a block most often has more than the statement that it belongs to."""
        found = Counter(
            self.indent(node.body[0].lineno).removeprefix(self.indent(node.lineno))
            for node in self.nodes
            if isinstance(node, _BLOCKS) and node.body[0].lineno > node.lineno
        )
        found.pop("", None)
        return found.most_common(1)[0][0] if found else super().indent_unit

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The node's parents, innermost first."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that holds the node, or the node itself."""
        return next(each for each in (node, *self.ancestors(node)) if isinstance(each, ast.stmt))

    def function(self, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """The innermost function around the node."""
        around = (each for each in self.ancestors(node) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
        return next(around, None)

    def span(self, node: ast.AST) -> tuple[int, int]:
        """The node's bytes."""
        if not isinstance(node, _PLACED) or node.end_lineno is None or node.end_col_offset is None:
            message = f"{self.path}: the parser gives no place for the flagged code"
            raise NoFix(message)
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.AST) -> str:
        """The node's source."""
        return self.slice(*self.span(node))

    def replace(self, node: ast.AST, text: str) -> Edit:
        """The node becomes `text`."""
        return self.edit(*self.span(node), text)

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Local name → what an import binds it to, dotted. A name bound twice to different things is left out."""
        found: dict[str, set[str]] = {}
        for node in self.nodes:
            for local, meaning in _bindings(node):
                found.setdefault(local, set()).add(meaning)
        return {local: meanings.copy().pop() for local, meanings in found.items() if len(meanings) == 1}

    def bound_at(self, line: int) -> frozenset[str]:
        """Names that something other than an import binds at module level or in a function around the line."""
        return frozenset().union(
            *(names for first, last, names in self._bindings_by_scope if first <= line <= last),
        )

    @cached_property
    def _bindings_by_scope(self) -> list[tuple[int, int, frozenset[str]]]:
        """First and last line of each function, and of the module, with the names bound in it."""
        found: dict[ast.AST, set[str]] = {}
        for node in self.nodes:
            for name in _bound_names(node):
                found.setdefault(self._scope(node, name), set()).add(name)
        return [
            (node.lineno, node.end_lineno or node.lineno, frozenset(names))
            if isinstance(node, _FUNCTIONS)
            else (0, len(self.starts), frozenset(names))
            for node, names in found.items()
        ]

    def _scope(self, node: ast.AST, name: str) -> ast.AST:
        """The function that the binding is local to, else the module."""
        for around in self.ancestors(node):
            if isinstance(around, _FUNCTIONS):
                return self.tree if name in self._shared.get(around, ()) else around
        return self.tree

    @cached_property
    def _shared(self) -> dict[ast.AST, set[str]]:
        """Function → the names that it, or one in it, declares `global` or `nonlocal`."""
        found: dict[ast.AST, set[str]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Global | ast.Nonlocal):
                for around in self.ancestors(node):
                    found.setdefault(around, set()).update(node.names)
        return found

    def qualified(self, node: ast.AST) -> str | None:
        """The dotted name that the expression means through this file's imports; `None` where it means none."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        root = self.aliases.get(node.id, node.id)
        if node.id in self.bound_at(node.lineno):
            return None
        return ".".join((root, *reversed(parts)))

    def is_constant(self, _name: str) -> bool:
        """Whether all that binds this name, in whichever file, is fixed: one file alone does not know."""
        return False

    def handed(self, _line: int, _name: str) -> list[tuple[Module, ast.expr]]:
        """What a repository passes for a parameter of the function at the line: one file alone does not know."""
        return []

    def calls(self, node: ast.AST, *names: str) -> bool:
        """Whether the node is a call of one of the dotted names."""
        return isinstance(node, ast.Call) and self.qualified(node.func) in names


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_BLOCKS = (*_FUNCTIONS[:2], ast.ClassDef, ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try)
_SHARED = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
_PLACED = (ast.expr, ast.stmt, ast.excepthandler, ast.arg, ast.keyword, ast.alias)


def module(target: Target) -> Module:
    """The flagged file, parsed; the same bytes are parsed once.

    Raises:
        OtherLanguage: it is not a Python file.
        NoFix: it cannot be read, or is not Python that this interpreter parses.
    """
    text = read(target)
    if not text.path.endswith((".py", ".pyi", ".pyw")) and not re.match(rb"#!.*python", text.content):
        message = f"{text.path} is not Python"
        raise OtherLanguage(message)
    return _module(text.path, text.content)


def flagged(target: Target, kind: type[N], matches: Callable[[Module, N], bool]) -> tuple[Module, N]:
    """The file and the one node the finding is about: of this kind, matching, at the region.

    Raises:
        NoFix: there is none.
    """
    file = module(target)
    where = region(target)
    nodes = [node for node in file.nodes if isinstance(node, kind) and _touches(node, where) and matches(file, node)]
    if not nodes:
        message = f"{file.path}:{where.start_line} does not hold the code that this rule is about"
        raise NotHere(message)
    found = min(nodes, key=lambda node: _distance(node, where))
    if any(isinstance(each, ast.JoinedStr) for each in file.ancestors(found)) and not _truly_there(file, found):
        message = f"{file.path}:{where.start_line} is inside an f-string, where the parser's places are not exact"
        raise NoFix(message)
    return file, found


def _truly_there(file: Module, node: ast.AST) -> bool:
    """Before Python 3.12 nodes inside f-strings may carry wrong columns."""
    try:
        again = ast.parse(file.text(node), mode="eval").body
    except (SyntaxError, ValueError):
        return False
    return ast.dump(again) == ast.dump(node)


def _touches(node: ast.AST, where: Region) -> bool:
    if not isinstance(node, _PLACED):
        return False
    return where.overlaps(_first_line(node), node.end_lineno or node.lineno)


def _distance(node: ast.AST, where: Region) -> tuple[int, int, int, int]:
    """Small for the node that a region most likely means: same first line, same column, smallest."""
    if not isinstance(node, _PLACED):
        return (10**9, 0, 0, 0)
    first = _first_line(node)
    lines = abs(first - where.start_line)
    inside = 0 if first in where.lines else 1
    columns = 0 if where.start_column is None else abs(node.col_offset + 1 - where.start_column)
    size = (node.end_lineno or node.lineno) - node.lineno
    return (inside, lines, columns, size)


def _first_line(node: _Placed) -> int:
    """The node's first line, that of its first decorator where it has some."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return min(each.lineno for each in (node, *node.decorator_list))
    return node.lineno


@functools.lru_cache(maxsize=32)
def _module(path: str, content: bytes) -> Module:
    return Module(path, content)


def _parse(path: str, content: bytes) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        message = f"{path} is not Python that parses here: {type(error).__name__}"
        raise NoFix(message) from error


def _bindings(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:
                yield alias.asname, alias.name
            else:
                root = alias.name.partition(".")[0]
                yield root, root
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            if alias.name != "*":
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _bound_names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
