"""What the newest releases of packages were on a known day, and what may be said of them without knowing more."""

from __future__ import annotations

import functools
import re

import msgspec

from daemon.resources import resource

_MOVED = {"sklearn": "scikit-learn"}
"""Names whose releases of today only fail and say what to install instead."""


class _Lock(msgspec.Struct, frozen=True):
    about: str
    read: str
    date: str
    python: dict[str, str]
    node: dict[str, tuple[str, int]]


@functools.cache
def _lock() -> _Lock:
    return msgspec.json.decode(resource("config", "packages.lock.json").read_bytes(), type=_Lock)


def read_on() -> str:
    """The day of the newest releases."""
    return _lock().date


def moved(package: str) -> str | None:
    """What has to be installed where a name only fails; none where it is the name."""
    return _MOVED.get(package)


def python_limits(package: str) -> tuple[str, str] | None:
    """`<4` and `<3.2` where 3.1 is the newest release line: each takes in every release that there was on the day.

    So nothing changes by it, whichever Python an image has: pip goes on taking the newest release that fits.
    """
    newest = _lock().python.get(package)
    if newest is None:
        return None
    major, minor = map(int, newest.split("."))
    return f"<{major + 1}", f"<{major}.{minor + 1}"


def node_release(package: str) -> tuple[str, int] | None:
    """The release that npm installs where none is named, and the first major version of Node.js it runs on."""
    return _lock().node.get(package)


def node_major(image: str, tag: str) -> int | None:
    """The major version of Node.js that an official image's tag names; none where it names none."""
    match = re.match(r"(\d+)(?:[.-]|$)", tag) if image == "node" else None
    return int(match[1]) if match else None
