"""What a project of Node's asks for."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from workers.fixers.registry import NoFix
from workers.source.jsonobject import json_object
from workers.source.tree import SourceTree, folders_up, text_of

_NAMED = {"argon": 4, "boron": 6, "carbon": 8, "dubnium": 10, "erbium": 12, "fermium": 14, "gallium": 16}
"""Node's releases that go by a name, as far as they are old."""
_IMAGE = re.compile(
    r"^FROM\s+(?:--platform=\S+\s+)?(?:docker\.io/)?(?:library/)?node:(?P<tag>[\w.-]+)", re.MULTILINE | re.IGNORECASE
)


def nearest(tree: SourceTree, path: str) -> dict[str, object]:
    """What the nearest package.json above a file says; empty where there is none."""
    texts = (text_of(tree, posixpath.join(folder, "package.json")) for folder in folders_up(posixpath.dirname(path)))
    return next((found for text in texts if (found := json_object(text))), {})


def dependencies(tree: SourceTree, path: str) -> dict[str, str]:
    """The packages of the nearest package.json above a file, with the releases that it asks for."""
    manifest = nearest(tree, path)
    sections = (manifest.get(name) for name in ("devDependencies", "dependencies"))
    return {str(name): str(wanted) for one in sections if isinstance(one, dict) for name, wanted in one.items()}


def refuse_older_node(tree: SourceTree, path: str, major: int, what: str) -> None:
    """Raise where the project runs on a Node that does not know what a fix would write.

    Raises:
        NoFix: its package.json, its version file or its image names an older one.
    """
    oldest = min(_releases(tree, path), default=major)
    if oldest < major:
        message = f"{path} runs on Node {oldest}, as its project says, and {what} needs Node {major}"
        raise NoFix(message)


def _releases(tree: SourceTree, path: str) -> Iterator[int]:
    """The major versions of Node that the nearest project around a file names."""
    for folder in folders_up(posixpath.dirname(path)):
        manifest = json_object(text_of(tree, posixpath.join(folder, "package.json")))
        engines = manifest.get("engines")
        wanted = engines.get("node") if isinstance(engines, dict) else None
        for one in str(wanted or "").split("||"):
            lowest = re.match(r"\s*(?:[~^v=]|>=)?\s*(\d+)", one)
            if lowest:
                yield int(lowest[1])
        for name in (".nvmrc", ".node-version"):
            exact = re.match(r"v?(\d+)\b", text_of(tree, posixpath.join(folder, name)))
            if exact:
                yield int(exact[1])
        for image in _IMAGE.finditer(text_of(tree, posixpath.join(folder, "Dockerfile"))):
            word = re.split(r"[.-]", image["tag"].lower())[0]
            if word.isdigit() or word in _NAMED:
                yield int(word) if word.isdigit() else _NAMED[word]
        if manifest:
            return
