"""What Compose mounts into the containers of a Dockerfile's image, to be written there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from workers.fixers.docker.compose_ports import compose_services
from workers.source.tree import SourceTree

_PLACES_OF_HOST = re.compile(r"/(?:etc|usr|lib|sys|proc|dev|run|var/run|bin|tmp)(?:/|$)")
_A_FILE = re.compile(r"\.\w{1,12}$")
_KEPT = re.compile(r"(?:^|/)\.(?:gitkeep|gitignore|keep)$")


class Mount(msgspec.Struct, frozen=True):
    """A folder that a container can write to."""

    compose: str
    """The Compose file that says so."""
    source: str
    """The host's folder, or the name of a volume."""
    target: str
    of_host: bool
    in_repository: bool
    """Whether the host's folder is one of the repository that has files."""


def mounts(tree: SourceTree, path: str) -> Iterator[Mount]:
    """Each folder that Compose mounts writable into a service which is built from the Dockerfile at `path`."""
    for name, settings in compose_services(tree, path):
        listed = settings.get("volumes")
        for one in listed if isinstance(listed, list) else ():
            source, target, options = _parts(one)
            if not source or not target.startswith("/") or "ro" in options.split(",") or _A_FILE.search(target):
                continue
            if _PLACES_OF_HOST.match(source):
                continue
            of_host = source[0] in "./~$"
            folder = posixpath.normpath(posixpath.join(posixpath.dirname(name), source)) if source[0] == "." else ""
            yield Mount(name, source, target.rstrip("/") or "/", of_host, bool(folder) and _has_files(tree, folder))


def _parts(one: Any) -> tuple[str, str, str]:
    """Source, target and options of an entry of `volumes`, in its short form or its long one."""
    if isinstance(one, dict):
        options = "ro" if one.get("read_only") else ""
        return str(one.get("source") or ""), str(one.get("target") or ""), options
    source, _, rest = re.sub(r"\$\{[^}]*\}", "$", str(one)).partition(":")
    target, _, options = rest.partition(":")
    return (source, target, options) if target else ("", source, "")


def _has_files(tree: SourceTree, folder: str) -> bool:
    below = "" if folder == "." else f"{folder}/"
    return any(path.startswith(below) and not _KEPT.search(path) for path in tree.paths())
