"""Whether a file is part of a program that people install from a package index."""

from __future__ import annotations

import posixpath
import re

from workers.source.tree import SourceTree, folders_up, has, text_of

_COMMANDS = {
    "pyproject.toml": re.compile(
        r"^\[(?:project|tool\.poetry)\.(?:scripts|gui-scripts|plugins|entry-points)\b|^(?:gui-)?scripts\.|^entry-points\.",
        re.MULTILINE,
    ),
    "setup.py": re.compile(r"\b(?:entry_points|scripts)\s*="),
    "setup.cfg": re.compile(r"^\[options\.entry_points\]", re.MULTILINE),
}
_PRIVATE = re.compile(r"Private ::")


def is_published(tree: SourceTree, path: str) -> bool:
    """Whether the file is in a package whose project gives its users commands or plugins."""
    folder = posixpath.dirname(path)
    if not has(tree, posixpath.join(folder, "__init__.py")):
        return False
    texts = (
        (text_of(tree, posixpath.join(each, name)), says)
        for each in folders_up(folder)
        for name, says in _COMMANDS.items()
    )
    return any(says.search(text) is not None and not _PRIVATE.search(text) for text, says in texts)
