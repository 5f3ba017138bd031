"""Caches that lie on a mount of the builder already."""

from __future__ import annotations

import re

from workers.fixers.registry import Harmless
from workers.source.dockerfile import Dockerfile, Instruction


def refuse_mounted(file: Dockerfile, one: Instruction, tool: str) -> None:
    """Say so where the cache lies on a mount already, which emptying it, or not using it, would make useless.

    Raises:
        Harmless: it does.
    """
    mounts = [flag for flag in one.flags if flag.startswith("--mount=type=cache")]
    if any(re.search(rf"(?:target|dst|destination)=[^,]*(?:{tool}|/\.cache)", flag) for flag in mounts):
        message = (
            f"{file.path}:{one.line} keeps {tool}'s cache on a mount, outside of the image: none is left in the layer"
        )
        raise Harmless(message)
