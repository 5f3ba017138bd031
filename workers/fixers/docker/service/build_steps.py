"""Images that a build service runs as one of its steps: they start as root, in a folder that is root's, and end."""

from __future__ import annotations

import re

from workers.fixers.docker.bases.own_base import folder_name
from workers.source.tree import SourceTree, text_of

_CLOUD_BUILD = re.compile(r"(?:^|/)cloudbuild[\w.-]*\.ya?ml$")


def step_of(tree: SourceTree, path: str) -> str | None:
    """Which build service runs the image of a Dockerfile as a step, and which file says so; none where none does."""
    folder = path.rpartition("/")[0]
    prefix = f"{folder}/" if folder else ""
    paths = [each for each in tree.paths() if each.startswith(prefix)]
    for name in ("action.yml", "action.yaml"):
        if f"{prefix}{name}" in paths and "docker" in text_of(tree, f"{prefix}{name}"):
            return f"GitHub runs it as an action ({prefix}{name})"
    image = re.escape(folder_name(path))
    step = re.compile(rf"^\s*-?\s*name:\s*['\"]?\S*/{image}(?::\S+?)?['\"]?\s*$", re.MULTILINE)
    for each in paths:
        if image and _CLOUD_BUILD.search(each) and step.search(text_of(tree, each)):
            return f"Cloud Build runs it as a step ({each})"
    return None
