"""Caches that lie on a mount of the builder already."""

from __future__ import annotations

import re

from workers.fixers.docker.bases.images import base_of
from workers.fixers.docker.build import is_root, pairs, stage_of, user_at
from workers.fixers.registry import Harmless
from workers.source.dockerfile import Dockerfile, Instruction


def refuse_mounted(file: Dockerfile, one: Instruction, tool: str) -> None:
    """Say so where the cache lies on a mount already, which emptying it, or not using it, would make useless.

    Raises:
        Harmless: it does.
    """
    mounts = [flag for flag in one.flags if flag.startswith("--mount=type=cache")]
    places = "|".join([tool, r"/\.cache", *map(re.escape, named_caches(file, tool))])
    if any(re.search(rf"(?:target|dst|destination)=[^,]*(?:{places})", flag, re.IGNORECASE) for flag in mounts):
        message = (
            f"{file.path}:{one.line} keeps {tool}'s cache on a mount, outside of the image: none is left in the layer"
        )
        raise Harmless(message)


def named_caches(file: Dockerfile, tool: str) -> list[str]:
    """Where a variable of the build puts the tool's cache (`PIP_CACHE_DIR`, `YARN_CACHE_FOLDER`)."""
    return _given(file, re.compile(rf"{tool}_CACHE_(?:DIR|FOLDER)", re.IGNORECASE))


def by_root(file: Dockerfile, one: Instruction) -> bool:
    """Whether a step is surely root's, with root's home for its tools: by USER, or by what is known of the image."""
    user = user_at(file, one)
    return bool(base_of(file, stage_of(file, one)).runs_as_root) if user is None else is_root(user)


def homes(file: Dockerfile) -> list[str]:
    """Which other folder than root's home a variable of the build makes the tools' home, and so their caches'."""
    return _given(file, re.compile(r"HOME|XDG_CACHE_HOME"))


def _given(file: Dockerfile, variable: re.Pattern[str]) -> list[str]:
    given = (pair for one in file.instructions if one.keyword in ("ENV", "ARG") for pair in pairs(one).items())
    return sorted({value for name, value in given if variable.fullmatch(name) and value})
