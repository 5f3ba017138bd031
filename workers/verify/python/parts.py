"""A Python file and a patched one as trees: what patches leave alone is parsed once, however many they are."""

from __future__ import annotations

import ast
import functools
import warnings
from collections.abc import Sequence

import msgspec

from workers.source.linediff import same_ends


class Parts(msgspec.Struct, frozen=True):
    """Both sides of a change."""

    old: ast.Module
    new: ast.Module
    """Its statements behind the change are the old ones, with their old lines."""
    gone: tuple[ast.stmt, ...]
    """The statements of the old module that the change is in."""
    come: tuple[ast.stmt, ...]
    """What stands in their place, with the lines that it has."""

    def changed(self) -> tuple[ast.Module, ast.Module]:
        """Both sides without what stays, but for the imports, which say what the names mean."""
        return _only(self.old, self.gone), _only(self.new, self.come)


def _only(module: ast.Module, statements: Sequence[ast.stmt]) -> ast.Module:
    kept = set(statements)
    return ast.Module([one for one in module.body if one in kept or isinstance(one, _IMPORTS)], [])


_IMPORTS = (ast.Import, ast.ImportFrom, ast.Try, ast.If)
"""With those that are tried, or depend on the version of Python."""


@functools.lru_cache(maxsize=512)
def parsed(content: bytes) -> ast.Module | None:
    """The file's tree; none where it is no Python."""
    return _parse(content)


@functools.lru_cache(maxsize=512)
def parts(before: bytes, after: bytes) -> Parts | None:
    """Both sides; none where one of them is no Python."""
    old = parsed(before)
    if old is None:
        return None
    lines, others = before.splitlines(keepends=True), after.splitlines(keepends=True)
    begin, rest = same_ends(lines, others)
    first, last = _touched(old.body, begin, len(lines) - rest)
    start = _end(old.body[first - 1]) if first else 0
    end = _start(old.body[last]) - 1 if last < len(old.body) else len(lines)
    chunk = _parse(b"".join(others[start : end + len(others) - len(lines)]))
    if chunk is None:
        # What came belongs to a statement before it, as an `else` does: only the whole tells.
        whole = parsed(after)
        return Parts(old, whole, tuple(old.body), tuple(whole.body)) if whole is not None else None
    if start:
        ast.increment_lineno(chunk, start)
    new = ast.Module([*old.body[:first], *chunk.body, *old.body[last:]], [])
    return Parts(old, new, tuple(old.body[first:last]), tuple(chunk.body))


def _parse(content: bytes) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(content.decode("utf-8-sig"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _touched(body: Sequence[ast.stmt], begin: int, end: int) -> tuple[int, int]:
    """`body[first:last]` are the statements on the lines behind `begin` up to `end`, or right before them.

    Statements that share a line stay together.
    """
    first = 0
    while first < len(body) and _end(body[first]) < begin:
        first += 1
    last = first
    while last < len(body) and _start(body[last]) <= end:
        last += 1
    while 0 < first < len(body) and _start(body[first]) <= _end(body[first - 1]):
        first -= 1
    while 0 < last < len(body) and _start(body[last]) <= _end(body[last - 1]):
        last += 1
    return first, last


def _start(statement: ast.stmt) -> int:
    """Its first line, from 1, with its decorators."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min(statement.lineno, *(each.lineno for each in decorators)) if decorators else statement.lineno


def _end(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno
