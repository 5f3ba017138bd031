"""What is mounted into containers of a Dockerfile's image to be written there, by Compose and notes of `docker run`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from workers.fixers.docker.bases.published import is_published
from workers.fixers.docker.service.compose_ports import may_run
from workers.fixers.registry import NoFix
from workers.source.images import latest_tags, split
from workers.source.tree import SourceTree, text_of

_PLACES_OF_HOST = re.compile(r"/(?:etc|usr|lib|sys|proc|dev|run|var/run|bin|tmp)(?:/|$)")
_A_FILE = re.compile(r"\.\w{1,12}$")
_NOTES = re.compile(r"(?:^|/)(?:readme[\w.-]*|makefile)$", re.IGNORECASE)
_RUN = re.compile(r"\bdocker\s+(?:container\s+)?run\s(?:[^\n\\]|\\.|\\\r?\n)*")
_OPTION = re.compile(r"(?:\s-v|\s--volume)[=\s]+[\"']?([^\s\"']+)")
_KEYS = re.compile(r"letsencrypt|/(?:ssl|tls|certs?|certificates|private)(?:/|$)|\.(?:key|pem)$")
_MAX_BYTES = 256 * 1024
_IMAGE = re.compile(r"[a-z0-9][\w.-]*(?:/[\w.-]+)+(?::[\w.-]+)?")
_KEPT = re.compile(r"(?:^|/)\.(?:gitkeep|gitignore|keep)$")


class Mount(msgspec.Struct, frozen=True):
    """A folder that a container can write to."""

    said: str
    """The file that says so."""
    source: str
    """The host's folder, or the name of a volume."""
    target: str
    of_host: bool
    in_repository: bool
    """Whether the host's folder is one of the repository that has files."""


def mounts(tree: SourceTree, path: str) -> Iterator[Mount]:
    """Each folder that is mounted writable into a container of the image that the Dockerfile at `path` builds.

    Raises:
        NoFix: what is mounted is root's on every host: Docker's socket, or keys.
    """
    for said, source, target, options in _said(tree, path):
        if source.endswith("docker.sock"):
            message = (
                f"{said} gives the program Docker's socket, which belongs to root, or to a group of the host's own"
            )
            raise NoFix(message)
        if source[:1] in tuple("./~$") and _KEYS.search(target):
            message = f"{said} mounts {target} from the host, where as a rule root alone may read the keys"
            raise NoFix(message)
        if not source or not target.startswith("/") or "ro" in options.split(",") or _A_FILE.search(target):
            continue
        if _PLACES_OF_HOST.match(source):
            continue
        of_host = source[0] in "./~$"
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(said), source)) if source[0] == "." else ""
        yield Mount(said, source, target.rstrip("/") or "/", of_host, bool(folder) and _has_files(tree, folder))


def _said(tree: SourceTree, path: str) -> Iterator[tuple[str, str, str, str]]:
    """File, source, target and options of each mount of a container that is told no user."""
    for name, _, settings in may_run(tree, path):
        listed = settings.get("volumes")
        for one in listed if isinstance(listed, list) and "user" not in settings else ():
            yield (name, *_parts(one))
    for name, call in docker_runs(tree, path):
        if not re.search(r"\s(?:-u|--user)[=\s]", call):
            yield from ((name, *_parts(one)) for one in _OPTION.findall(call))


def docker_runs(tree: SourceTree, path: str) -> Iterator[tuple[str, str]]:
    """File and text of each `docker run` that the Dockerfile's comments or notes beside it start its image by, or that
    other texts start it by under the name that it is published by.
    """
    folder = posixpath.dirname(path)
    for name in (path, *(each for each in tree.paths() if posixpath.dirname(each) == folder and _NOTES.search(each))):
        text = re.sub(r"(?m)^[ \t]*#[ \t]?", "", text_of(tree, name)[:_MAX_BYTES])
        for call in _RUN.findall(text):
            if not any(latest_tags(split(word)[0])[0] for word in call.split()[2:]):
                yield name, call
    for name in [
        each
        for each in tree.paths()
        if each.endswith((".md", ".mdx", ".rst", ".adoc")) and posixpath.dirname(each) != folder
    ]:
        for call in _RUN.findall(text_of(tree, name)[:_MAX_BYTES]):
            if any(is_published(tree, path, word) for word in call.split()[2:] if _IMAGE.fullmatch(word)):
                yield name, call


def _parts(one: Any) -> tuple[str, str, str]:
    """Source, target and options of an entry of `volumes`, in its short form or its long one."""
    if isinstance(one, dict):
        options = "ro" if one.get("read_only") else ""
        return str(one.get("source") or ""), str(one.get("target") or ""), options
    source, _, rest = re.sub(r"\$(?:\{[^{}]*\}|\([^()]*\))", "$", str(one)).partition(":")
    target, _, options = rest.partition(":")
    return (source, target, options) if target else ("", source, "")


def _has_files(tree: SourceTree, folder: str) -> bool:
    below = "" if folder == "." else f"{folder}/"
    return any(path.startswith(below) and not _KEPT.search(path) for path in tree.paths())
