"""The Debian or Ubuntu release of a stage, and what a package's version starts with all through that release."""

from __future__ import annotations

import functools
import re

import msgspec

from daemon.domain.fix import Edit
from daemon.resources import resource
from workers.fixers.docker.build import base_image, lineage
from workers.fixers.docker.edits import from_image
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.images import latest_tags, split

_VARIABLE = re.compile(r"\$(?:\{[^}]*\}|\w+)")
_LINE = re.compile(r"\d+\.\d+\.")
_NUMBERS = {
    "debian": {"11": "bullseye", "12": "bookworm", "13": "trixie"},
    "ubuntu": {
        "16.04": "xenial", "18.04": "bionic", "20.04": "focal", "22.04": "jammy", "24.04": "noble", "26.04": "resolute",
    },
}  # fmt: skip
_DOTNET = {"6": "bullseye", "7": "bullseye", "8": "bookworm", "9": "bookworm", "10": "noble"}
"""What Microsoft builds the images of a version of .NET on, where the tag names nothing else."""
_UBUNTU = frozenset(_NUMBERS["ubuntu"].values())
OWN_SOURCES = frozenset(
    (
        "debian", "ubuntu", "buildpack-deps", "python", "node", "golang", "ruby", "rust", "perl", "php", "httpd",
        "redis", "gcc", "eclipse-temurin", "maven", "pypy", "tomcat", "openjdk", "ghcr.io/astral-sh/uv",
        "mcr.microsoft.com/dotnet/sdk", "mcr.microsoft.com/dotnet/aspnet", "mcr.microsoft.com/dotnet/runtime",
        "mcr.microsoft.com/dotnet/runtime-deps",
    )
)  # fmt: skip
"""Images that install from their distribution alone: elsewhere another source may have the package, newer."""


class Release(msgspec.Struct, frozen=True):
    """What a stage installs from."""

    name: str
    """Its code name: `bookworm`, `jammy`."""
    edits: tuple[Edit, ...] = ()
    """What makes the images of the file say so, where their tags do not."""
    said: str = ""
    """What these edits do, as a sentence."""

    @property
    def title(self) -> str:
        """As people name it: `Debian bookworm`."""
        return f"{'Ubuntu' if self.name in _UBUNTU else 'Debian'} {self.name}"


class Pins(msgspec.Struct, frozen=True):
    """How a package's version can be written so that the release's own updates still fit; apt's patterns."""

    line: str
    """`7.88.*`: major and minor, or what the package has in their place."""
    upstream: str
    """`7.88.1-*`: the upstream release, where the distribution keeps it; else as `line`."""


class _Lock(msgspec.Struct, frozen=True):
    about: str
    read: str
    date: str
    releases: dict[str, dict[str, str]]
    images: dict[str, dict[str, list[str]]]


@functools.cache
def _lock() -> _Lock:
    return msgspec.json.decode(resource("config", "distributions.lock.json").read_bytes(), type=_Lock)


def read_on() -> str:
    """The day on which the packages' versions were read."""
    return _lock().date


def pins(release: str, package: str) -> Pins | None:
    """How a package is pinned within a release; none where it is not known, or changes its version within one."""
    prefix = _lock().releases[release].get(package)
    if prefix is None:
        return None
    epoch, _, version = prefix.rpartition(":")
    parts = _moves(release).get(prefix, 0)
    if parts and (moving := re.match(rf"(?:\d+\.){{{parts}}}", version)):
        version = moving[0]
        prefix = f"{epoch}:{version}" if epoch else version
    line = _LINE.match(version)
    return Pins(f"{epoch}:{line[0]}*" if epoch and line else f"{line[0]}*" if line else f"{prefix}*", f"{prefix}*")


@functools.cache
def _moves(release: str) -> dict[str, int]:
    """How many parts of a version last, of those that seem to last as a whole in a release of Debian, and do not.

    What PostgreSQL's packages did in bookworm they will do in trixie, whose updates are all in its index on some days;
    so will those of the same version, which are made of the same source.
    """
    debian = {name: packages for name, packages in _lock().releases.items() if name not in _UBUNTU}
    open_ended = [pair for packages in debian.values() for pair in packages.items() if pair[1].endswith(".")]
    lasting: dict[str, int] = {}
    for package, prefix in open_ended:
        parts = prefix.rpartition(":")[2].count(".")
        lasting[_bare(package)] = min(parts, lasting.get(_bare(package), parts))
    closed = [pair for pair in debian.get(release, {}).items() if not pair[1].endswith(".")]
    return {prefix: lasting[_bare(package)] for package, prefix in closed if _bare(package) in lasting}


def _bare(package: str) -> str:
    """A package's name without the numbers that change with the release."""
    return re.sub(r"\d[\d.]*", "", package)


def release_of(file: Dockerfile, stage: Stage) -> Release:
    """The release that a stage's image names, or that its tag meant on a known day.

    Raises:
        NoFix: neither, or the image may install from other sources too.
    """
    origin = lineage(file, stage)[-1].origin
    written = origin.text.split()[0]
    image, tag = split(base_image(file, stage))
    if image not in OWN_SOURCES and not (image == "nvidia/cuda" and "ubuntu" in tag):
        message = f"which distribution {image} installs from, and whether from that alone, is not known here"
        raise NoFix(message)
    found = _named(image, tag)
    if "$" in tag or ("@" in written and found is None):
        message = f"{file.path}:{origin.line}: which release {written} is built on does not stand in its name"
        raise NoFix(message)
    if image in _NUMBERS and tag in {"", "latest"} and "$" not in written:
        return _latest(file, image, written)
    if found is not None:
        if found != _named(image, split(_VARIABLE.sub("", written.strip("'\"")))[1]):
            message = f"{file.path}:{origin.line} takes its release from a build argument, so no version is sure to fit"
            raise NoFix(message)
        return Release(found)
    name = next((name for name, lines in _lock().images.get(image, {}).items() if tag in " ".join(lines).split()), None)
    if image.startswith("mcr.microsoft.com/dotnet/") and (version := re.fullmatch(r"(\d+)\.0", tag)):
        name = _DOTNET.get(version[1])
    if name is None:
        message = f"{file.path}:{origin.line}: {written} names no release of a distribution that is known here"
        raise NoFix(message)
    if "$" in written.rpartition(":")[2]:
        message = f"{file.path}:{origin.line} takes its tag from a build argument, which may be built on any release"
        raise NoFix(message)
    explicit = _completed(image, tag, name)
    edits = from_image(file, written, _tagged(written, explicit))
    said = f"The tag of {written} says nothing of the release: it becomes `{explicit}`, which is the same image"
    return Release(name, edits, f"{said}, so that the versions go on fitting.")


def _latest(file: Dockerfile, image: str, written: str) -> Release:
    """The release that `latest` was on a known day, and its tag at every FROM of the image."""
    tag = latest_tags(image)[0][0]
    name = _named(image, tag)
    if name is None or name not in _lock().releases:
        message = f"{file.path} takes the newest {image}, whose packages are not known here"
        raise NoFix(message)
    edits = from_image(file, written, f"{written.removesuffix(':latest')}:{tag}")
    said = (
        f"`latest` of {image} was {tag} on {latest_tags(image)[1]}, and the tag now says so, for the versions to fit."
    )
    return Release(name, edits, said)


def _completed(image: str, tag: str, release: str) -> str:
    """The tag with the release's name, where this image's tags have it."""
    if image.startswith("mcr.microsoft.com/dotnet/"):
        return f"{tag}-{release}" if release in _UBUNTU else f"{tag}-{release}-slim"
    if image == "node" and tag.endswith("-slim"):
        return f"{tag.removesuffix('-slim')}-{release}-slim"
    return f"{tag}-{release}"


def _tagged(written: str, tag: str) -> str:
    """The image as written, with another tag."""
    name, colon, rest = written.rpartition(":")
    old = re.match(r"[\w.-]+", rest)
    return f"{name}{colon}{tag}{rest[old.end() :] if old else ''}"


def _named(image: str, tag: str) -> str | None:
    """The release that stands in a tag: `12-slim` of debian, `3.12-slim-bookworm`, `12.9-runtime-ubuntu22.04`."""
    by_name = next((name for name in _lock().releases if re.search(rf"(?:^|[-.\d]){name}(?:[-.\d]|$)", tag)), None)
    if by_name is not None:
        return by_name
    own = image if image in _NUMBERS else None
    if match := re.search(r"ubuntu-?(\d\d\.\d\d)", tag):
        return _NUMBERS["ubuntu"].get(match[1])
    if own is None:
        return None
    number = re.match(r"\d+\.04" if own == "ubuntu" else r"\d+", tag)
    return _NUMBERS[own].get(number[0]) if number else None
