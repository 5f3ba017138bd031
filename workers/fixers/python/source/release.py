"""The oldest Python that the repository's own files say its code runs on."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from workers.source.tree import SourceTree, folders_up, text_of

_BOUND = r"[\"'][^\"'\n]*?(?:>=|~=|==|\^|~)\s*(\d+)\.(\d+)"
_SAYS = {
    "pyproject.toml": re.compile(rf"^(?:requires-python|python)\s*=\s*{_BOUND}", re.MULTILINE),
    "setup.py": re.compile(rf"\bpython_requires\s*=\s*{_BOUND}"),
    "setup.cfg": re.compile(r"^python_requires\s*=\s*[^\n]*?(?:>=|~=|==)\s*(\d+)\.(\d+)", re.MULTILINE),
    "Pipfile": re.compile(r"^python_(?:full_)?version\s*=\s*\"(\d+)\.(\d+)", re.MULTILINE),
    ".python-version": re.compile(r"^(\d+)\.(\d+)", re.MULTILINE),
    "runtime.txt": re.compile(r"^python-(\d+)\.(\d+)", re.MULTILINE),
    "Dockerfile": re.compile(r"^FROM\s+(?:--\S+\s+)?(?:docker\.io/)?(?:library/)?python:(\d+)\.(\d+)", re.MULTILINE),
}


_CLASSIFIED = re.compile(r"Programming Language :: Python :: (\d)\.(\d+)\b")
_CLASSIFIES = ("pyproject.toml", "setup.py", "setup.cfg")
"""What lists the releases that a package runs on, which counts where no bound is given."""


def oldest(tree: SourceTree, path: str) -> tuple[int, int] | None:
    """Major and minor; none where no file in the source's folder or above says."""
    bounds = _found(tree, path, _SAYS)
    return min(bounds or _found(tree, path, dict.fromkeys(_CLASSIFIES, _CLASSIFIED)), default=None)


def _found(tree: SourceTree, path: str, says: Mapping[str, re.Pattern[str]]) -> list[tuple[int, int]]:
    return [
        (int(match[1]), int(match[2]))
        for folder in folders_up(posixpath.dirname(path))
        for name, pattern in says.items()
        for match in pattern.finditer(text_of(tree, posixpath.join(folder, name)))
    ]


def may_lack(tree: SourceTree, path: str, since: tuple[int, int]) -> str | None:
    """The release that the code runs on and that is older than `since`, as `3.6`; none where there is none."""
    release = oldest(tree, path)
    return f"{release[0]}.{release[1]}" if release and release < since else None
