"""What a project of Node's asks for."""

from __future__ import annotations

import posixpath

from workers.source.jsonobject import json_object
from workers.source.tree import SourceTree, folders_up, text_of


def dependencies(tree: SourceTree, path: str) -> dict[str, str]:
    """The packages of the nearest package.json above a file, with the releases that it asks for."""
    texts = (text_of(tree, posixpath.join(folder, "package.json")) for folder in folders_up(posixpath.dirname(path)))
    manifest = next((found for text in texts if (found := json_object(text))), {})
    sections = (manifest.get(name) for name in ("devDependencies", "dependencies"))
    return {str(name): str(wanted) for one in sections if isinstance(one, dict) for name, wanted in one.items()}
