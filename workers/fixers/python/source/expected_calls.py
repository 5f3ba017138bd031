"""Calls and errors that a repository's own tests expect as they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix, Target
from workers.source.tests import is_test

_COMPARED = re.compile(rb"\bassert_(?:any_call|called_with|called_once_with|has_calls)\b|\.call_args")
_STAND_IN = re.compile(rb"(?:\bdef\s+_?(?:mock|fake|stub|dummy)\w*\s*\(|\blambda\b)(?P<given>[^):]*)[):]")
_OPEN_TO_MORE = re.compile(rb"\*\*|\btimeout\b")
_EXPECTS = re.compile(rb"(?:raises|assertRaises\w*|except|expect\w*)[\s(]+(?:\(\s*)?AssertionError\b")


def refuse_expected(target: Target, path: str, line: int, text: bytes) -> None:
    """Decline where a test that names this module tells a mock to expect `text`: both have to change together.

    Raises:
        NoFix: there is one.
    """
    for other, content in _about(target, path):
        if text in content and b"mock" in content:
            message = f"{path}:{line} makes a call that {other} expects with `{text.decode()}`: change both together"
            raise NoFix(message)


def refuse_stand_in(target: Target, path: str, line: int, name: str) -> None:
    """Decline where a test of this module puts a stand-in for the function that takes, or is told to expect, exactly
    what is given today: one more argument has to be added there, too.

    Raises:
        NoFix: there is one.
    """
    module, _, function = name.encode().rpartition(b".")
    replaced = re.compile(
        rb"(?:patch|setattr)[^\n]*(?:\n[^\n]*)?\b" + re.escape(module) + rb"(?:\.|['\"]?,\s*['\"])" + function + rb"\b"
    )
    for other, content in _about(target, path):
        text = _around(content, replaced)
        # What takes nothing stands in for something else, as a lambda for the answer's `json`.
        takes = (each["given"] for each in _STAND_IN.finditer(text) if each["given"].strip())
        narrow = any(not _OPEN_TO_MORE.search(given) for given in takes)
        if narrow or _COMPARED.search(text):
            message = f"{path}:{line} calls what {other} replaces by its own, with the arguments of today: change both"
            raise NoFix(message)


def _around(content: bytes, replaced: re.Pattern[bytes]) -> bytes:
    """The functions of a test file that replace something, with what they name of the file's other functions.

    The whole file where a class or the module replaces it for all of them, or where it is not Python that parses here.
    """
    if replaced.search(content) is None:
        return b""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return content
    lines = content.splitlines(keepends=True)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    texts = [(node.name, _source(lines, node)) for node in functions]
    inner = {id(below) for node in functions for below in ast.walk(node) if below is not node}
    outer = [text for node, (_, text) in zip(functions, texts, strict=True) if id(node) not in inner]
    found = [text for text in outer if replaced.search(text)]
    if sum(len(replaced.findall(text)) for text in found) < len(replaced.findall(content)):
        return content
    named = [text for name, text in texts if any(name.encode() in one for one in found)]
    return b"\n".join((*found, *named))


def _source(lines: list[bytes], node: ast.FunctionDef | ast.AsyncFunctionDef) -> bytes:
    """A function with its decorators."""
    first = min((each.lineno for each in node.decorator_list), default=node.lineno)
    return b"".join(lines[first - 1 : node.end_lineno])


def refuse_replaced(target: Target, path: str, line: int, name: str) -> None:
    """Decline where a test of this module puts another function in the place of this one, which would no longer be
    the one that is called.

    Raises:
        NoFix: there is one.
    """
    replaced = re.compile(rb"(?:patch|setattr)[^\n]*(?:\n[^\n]*)?\b" + re.escape(name.encode()) + rb"\b")
    for other, content in _about(target, path):
        if replaced.search(content):
            message = f"{path}:{line} calls what {other} replaces by its own: change both together"
            raise NoFix(message)


def expects_assertion(target: Target, path: str) -> bool:
    """Whether a test that names this module expects an AssertionError."""
    return any(_EXPECTS.search(content) for _, content in _about(target, path))


def _about(target: Target, path: str) -> Iterator[tuple[str, bytes]]:
    """The tests that name the module, by its file's name or that of its folder."""
    pure = PurePosixPath(path)
    name = (pure.parent.name if pure.stem == "__init__" else pure.stem).encode()
    for other in target.tree.paths():
        if other == path or not other.endswith(".py") or not is_test(other):
            continue
        try:
            content = target.tree.read(other)
        except SourceUnavailable:
            continue
        if name in content + other.encode():
            yield other, content
