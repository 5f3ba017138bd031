"""finding + source tree → the code around it: the enclosing function where it fits, else the lines around."""

from __future__ import annotations

from daemon.domain.analysis import CodeContext
from daemon.domain.finding import Finding
from daemon.errors import SourceUnavailable
from daemon.masking import mask
from workers.source.grammars import language_of
from workers.source.syntax import Scope, parse, scope
from workers.source.tree import SourceTree

_LINE_CHARACTERS = 300
"""A longer line is generated or minified: its rest says nothing to a reader."""
_PARSED_BYTES = 1 << 20


def code_context(finding: Finding, tree: SourceTree, *, lines: int) -> CodeContext | None:
    """At most `lines` lines around the finding, secrets masked; none where its file is not in the tree.

    A finding without a line is about its whole file: the context is the file's first lines.
    """
    path = finding.path
    if path is None:
        return None
    try:
        content = tree.read(path)
    except SourceUnavailable:
        return None
    return _context(path, content, finding.line, lines)


def _context(path: str, content: bytes, line: int | None, lines: int) -> CodeContext:
    text = content.decode("utf-8-sig", "replace").split("\n")
    at = min(line or 1, len(text))
    around = _scope(path, content, at) if line else Scope()
    first, last = _window(around, at, len(text), lines)
    shown = [each.rstrip("\r")[:_LINE_CHARACTERS] for each in text[first - 1 : last]]
    return CodeContext(
        path=path,
        language=language_of(path, content),
        start_line=first,
        text=mask("\n".join(shown)),
        function=around.function,
        class_name=around.class_name,
    )


def _scope(path: str, content: bytes, line: int) -> Scope:
    syntax = parse(content, path) if len(content) <= _PARSED_BYTES else None
    return scope(syntax, line) if syntax else Scope()


def _window(around: Scope, line: int, total: int, lines: int) -> tuple[int, int]:
    """First and last line shown, from 1: the whole function or class if it fits, else a third above the finding."""
    if around.start_line and around.end_line and around.end_line - around.start_line < lines:
        return around.start_line, around.end_line
    first = max(1, min(line - lines // 3, total - lines + 1))
    return first, min(total, first + lines - 1)
