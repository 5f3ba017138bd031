"""The Alpine release of a stage, and what is known of its packages' versions."""

from __future__ import annotations

import functools
import re

import msgspec

from daemon.domain.fix import Edit
from daemon.resources import resource
from workers.fixers.docker.build import base_image, lineage
from workers.fixers.docker.edits import from_image
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.images import split

_NAMED = re.compile(r"alpine-?(\d+\.\d+)")
_NUMBERED = re.compile(
    r"postgresql(\d+)(?:-(?:client|contrib|dev|jit))?|openjdk(\d+)(?:-(?:jre|jre-base|jre-headless|jdk|jmods))?|"
    r"php(\d)\d(?:-(?!pecl)[\w-]+)?"
)
"""Packages whose names have their major version."""


class Release(msgspec.Struct, frozen=True):
    """What a stage installs from."""

    name: str
    """As Alpine counts: `3.20`."""
    edits: tuple[Edit, ...] = ()
    """What makes the images of the file say so, where their tags do not."""
    said: str = ""
    """What these edits do, as a sentence."""


class _Lock(msgspec.Struct, frozen=True):
    about: str
    read: str
    date: str
    newest: str
    packages: dict[str, tuple[int, str | None]]
    dates: dict[str, dict[str, str]]
    images: dict[str, dict[str, list[str]]]


@functools.cache
def _lock() -> _Lock:
    return msgspec.json.decode(resource("config", "alpine.lock.json").read_bytes(), type=_Lock)


def read_on() -> str:
    """The day on which the packages' versions were read."""
    return _lock().date


def limit(package: str) -> str | None:
    """`<9` where 8 is the newest major version: it takes in what any release of Alpine has had until that day."""
    if (named := _in_name(package)) is not None:
        return f"<{named + 1}"
    known = _lock().packages.get(package)
    return f"<{known[0] + 1}" if known else None


def line(package: str, release: str) -> str | None:
    """`=~8` where a package has had that major version in this release, and in all later ones until that day."""
    if (named := _in_name(package)) is not None:
        return f"=~{named}"
    known = _lock().packages.get(package)
    if known is None or known[1] is None or _number(release) < _number(known[1]):
        return None
    return f"=~{known[0]}"


def _in_name(package: str) -> int | None:
    match = _NUMBERED.fullmatch(package)
    return int(next(filter(None, match.groups()))) if match else None


def floor(package: str, release: str) -> str | None:
    """`>=20240226` of what is numbered by its date: no release goes back behind what it began with."""
    known = _lock().dates.get(package, {}).get(release)
    return f">={known}" if known else None


def is_dated(package: str) -> bool:
    """Whether its versions are dates: each release moves on to later ones."""
    return package in _lock().dates


def is_alpine(file: Dockerfile, stage: Stage) -> bool:
    """Whether the stage's image says that it is built on Alpine: others have an apk too, and other versions."""
    image, tag = split(base_image(file, stage))
    return "alpine" in f"{image}:{tag}"


def release_of(file: Dockerfile, stage: Stage) -> Release | None:
    """The release that a stage's image names, or that its tag was last built on; none where neither is known."""
    origin = lineage(file, stage)[-1].origin
    written = origin.text.split()[0]
    image, tag = split(base_image(file, stage))
    if "$" in written or "@" in written:
        return None
    if image == "alpine":
        return _of_alpine(file, written, tag)
    if match := _NAMED.search(tag):
        return Release(match[1])
    for name, lines in _lock().images.get(image, {}).items():
        if tag in " ".join(lines).split():
            return _completed(file, written, tag.replace("alpine", f"alpine{name}", 1), name)
    return None


def _of_alpine(file: Dockerfile, written: str, tag: str) -> Release | None:
    if match := re.match(r"\d+\.\d+", tag):
        return Release(match[0])
    newest = _lock().newest
    return _completed(file, written, newest, newest) if tag in {"", "latest", "3"} else None


def _completed(file: Dockerfile, written: str, tag: str, name: str) -> Release:
    bare = re.sub(r":[\w.-]+$", "", written)
    edits = from_image(file, written, f"{bare}:{tag}")
    said = f"{written} was last built on Alpine {name}, and its tag now says so, for the versions to go on fitting."
    return Release(name, edits, said)


def _number(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))
