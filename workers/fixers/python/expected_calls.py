"""Calls that a repository's own tests expect word for word."""

from __future__ import annotations

from pathlib import PurePosixPath

from daemon.errors import SourceUnavailable
from workers.fixers.registry import NoFix, Target
from workers.source.tests import is_test


def refuse_expected(target: Target, path: str, line: int, text: bytes) -> None:
    """Decline where a test that names this module tells a mock to expect `text`: both have to change together.

    Raises:
        NoFix: there is one.
    """
    name = PurePosixPath(path).stem.encode()
    for other in target.tree.paths():
        if other == path or not other.endswith(".py") or not is_test(other):
            continue
        try:
            content = target.tree.read(other)
        except SourceUnavailable:
            continue
        if text in content and b"mock" in content and name in content + other.encode():
            message = f"{path}:{line} makes a call that {other} expects with `{text.decode()}`: change both together"
            raise NoFix(message)
