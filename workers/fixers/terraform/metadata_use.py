"""Who of a module's own files asks the metadata service of an instance, and how."""

from __future__ import annotations

import posixpath

from workers.fixers.terraform.resource import Resource
from workers.source.tree import folders_up, text_of

_ADDRESS, _TOKEN = "169.254.169.254", "x-aws-ec2-metadata-token"


def asks_without_token(resource: Resource) -> str:
    """Why session tokens would break the start-up of an instance; empty where nothing is seen that would."""
    tree = resource.target.tree
    paths = list(tree.paths())
    folder = posixpath.dirname(resource.hcl.path)
    modules = {posixpath.dirname(path) for path in paths if path.endswith((".tf", ".tofu"))}
    for path in paths:
        text = text_of(tree, path) if _module_around(path, modules) == folder else ""
        if _ADDRESS in text and _TOKEN not in text.lower() and not path.endswith(".md"):
            return f"{path} asks the metadata service without a token: change it first"
    return ""


def _module_around(path: str, modules: set[str]) -> str | None:
    """The folder of the module that a file belongs to: the nearest above it that holds one."""
    return next((folder for folder in folders_up(posixpath.dirname(path)) if folder in modules), None)
