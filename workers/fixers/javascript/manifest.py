"""What a project of Node's asks for."""

from __future__ import annotations

import posixpath

from workers.source.jsonobject import json_object
from workers.source.tree import SourceTree, text_of


def dependencies(tree: SourceTree, path: str) -> dict[str, str]:
    """The packages of the nearest package.json above a file, with the releases that it asks for."""
    folder = posixpath.dirname(path)
    while True:
        manifest = json_object(text_of(tree, posixpath.join(folder, "package.json")))
        if manifest or not folder:
            sections = (manifest.get(name) for name in ("devDependencies", "dependencies"))
            return {str(name): str(wanted) for one in sections if isinstance(one, dict) for name, wanted in one.items()}
        folder = posixpath.dirname(folder)
