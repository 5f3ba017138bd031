"""File names as scanners write them → paths relative to the repository's root."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

import msgspec

# Where CI systems and the scanners' images keep the checkout. `{}` is one path segment.
_CHECKOUTS = re.compile(
    r"""^(?:
      /home/runner/work/[^/]+/[^/]+ | /Users/runner/work/[^/]+/[^/]+ | /__w/[^/]+/[^/]+ | /github/workspace
    | [A-Za-z]:/a/[^/]+/[^/]+ | /builds/[^/]+/[^/]+ | /home/vsts/work/\d+/s | /opt/atlassian/pipelines/agent/build
    | /home/circleci/(?:project|repo) | /var/(?:lib/)?jenkins(?:_home)?/workspace/[^/]+
    | /workspace(?:/source)? | /tf | /path
    | /src | /code | /repo | /mnt/src
    )/""",
    re.VERBOSE,
)
_DRIVE = re.compile(r"^/?([A-Za-z]:)/")
MAX_PATH = 1024
"""Characters; longer names are not files of a repository."""


class Place(msgspec.Struct, frozen=True):
    """A name, told apart: exactly one of the three is set, or none for an empty name."""

    path: str | None = None
    url: str | None = None
    other: str | None = None
    """An absolute path outside of the repository, an image, a package."""


class PathResolver:
    """Resolves names of one report; `roots` are folders that stand for the repository's root."""

    def __init__(self, roots: Iterable[str] = ()) -> None:
        self._roots = tuple(root.rstrip("/") + "/" for root in map(_slashes, roots) if root.strip("/"))
        self._known: dict[str, Place] = {}

    def with_roots(self, roots: Iterable[str]) -> PathResolver:
        """The same, with further roots that the report itself names."""
        return PathResolver((*self._roots, *roots))

    def place(self, name: str | None) -> Place:
        """The name as a path, a URL, or something else; an empty place where there is none."""
        if not name:
            return Place()
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._resolve(name)
        return known

    def path(self, name: str | None) -> str | None:
        """The name as a path of the repository, if it is one."""
        return self.place(name).path

    def _resolve(self, name: str) -> Place:
        name = name.replace("\0", "")
        text = _slashes(name)
        if len(text) > MAX_PATH:
            return Place(other=f"{text[:MAX_PATH]}…")
        if re.match(r"^(?:https?|wss?|ftp)://", text, re.IGNORECASE):
            return Place(url=text)
        for root in self._roots:
            if text.startswith(root):
                return _relative(text.removeprefix(root), name)
        inside = _CHECKOUTS.sub("", text, count=1)
        if inside.startswith("/") or _DRIVE.match(inside) or re.match(r"^[A-Za-z][A-Za-z0-9+.-]+:", inside):
            return Place(other=name)
        return _relative(inside, name)


def _relative(text: str, name: str) -> Place:
    normal = posixpath.normpath(text) if text else "."
    if normal == ".":
        return Place()  # the repository itself
    if normal.startswith(("../", "/")) or normal == "..":
        return Place(other=name)
    return Place(path=normal)


def _slashes(name: str) -> str:
    """Forward slashes, no `file:` scheme, no percent escapes, no leading `./`."""
    text = name.strip()
    if text[:5].lower() == "file:":
        text = unquote(_file_path(text))
        drive = _DRIVE.match(text)
        text = text[1:] if drive and text.startswith("/") else text
    elif "%" in text and "://" not in text:
        text = unquote(text)
    text = text.replace("\\", "/").replace("\0", "")
    while text.startswith("./"):
        text = text[2:].lstrip("/")
    return text


def _file_path(uri: str) -> str:
    try:
        return urlsplit(uri).path
    except ValueError:
        return uri[5:].lstrip("/")
