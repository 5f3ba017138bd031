"""What is known of images' tags and digests, from the two lists that ship with secaid. Nothing here is guessed.

Docker's own list says which tags `latest` of an official image went by. Of the images of others, and of every digest,
no list is published: what is known is what independent projects pin, each tag or digest named by at least two owners.
"""

from __future__ import annotations

import functools
import re

import msgspec

from daemon.resources import resource

_BUILD = r"(?:amd64|i386|arm32v[567]|arm64v8|ppc64le|riscv64|s390x)/"
_REGISTRY = re.compile(
    r"^(?:docker\.io/|index\.docker\.io/|public\.ecr\.aws/(?:docker|amazonlinux|ubuntu|debian)/|mirror\.gcr\.io/|"
    rf"registry(?:\.hub|-1)?\.docker\.(?:com|io)/)?(?:library/|{_BUILD})?"
)
_OTHER_DIGESTS = re.compile(rf"^public\.ecr\.aws/|(?:^|\.io/|\.com/){_BUILD}")
"""A registry to which images are pushed anew, and the images of one processor, without an index of several."""


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """What projects say of a tag."""

    day: str
    """When one of them said it last."""
    owners: int
    """How many, each with repositories of its own."""
    digest: str = ""
    """In hexadecimal; empty where they do not agree on one, or name the tag alone."""


class Release(msgspec.Struct, frozen=True):
    """A tag of an image, as projects pin it."""

    tag: str
    seen: Seen

    @property
    def pinned(self) -> str:
        """`tag@sha256:…`; empty where no digest is known."""
        return f"{self.tag}@sha256:{self.seen.digest}" if self.seen.digest else ""


class _Pinned(msgspec.Struct, frozen=True):
    tags: dict[str, Seen]
    newest: str = ""


class _Official(msgspec.Struct, frozen=True):
    date: str
    images: dict[str, list[str]]


class _Others(msgspec.Struct, frozen=True):
    date: str
    images: dict[str, _Pinned]


def split(reference: str) -> tuple[str, str]:
    """An image's name and tag: `docker.io/library/python:3.12@sha256:…` → `python`, `3.12`."""
    name, _, _ = reference.lower().partition("@")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    return _REGISTRY.sub("", f"{head}{slash}{last}"), tag


def latest_tags(image: str) -> tuple[list[str], str]:
    """The tags that `latest` of an official image went by, the release line first, and the day that was read."""
    lock = _official()
    return lock.images.get(image, []), lock.date


def exactly(reference: str) -> tuple[str, str]:
    """The same, but an image that has the tags of another one, and digests of its own, keeps its own name."""
    image, tag = split(reference)
    name = reference.lower().partition("@")[0]
    return (name.removesuffix(f":{tag}") if _OTHER_DIGESTS.search(name) else image), tag


def newest(image: str) -> Release | None:
    """The newest release of somebody else's image that projects name; none of Docker's official ones."""
    known = _others().images.get(image)
    return Release(known.newest, known.tags[known.newest]) if known and known.newest else None


def pinned(reference: str) -> Release | None:
    """The digest by which projects pin exactly the image and tag of a reference; none where it names no tag."""
    image, _ = exactly(reference)
    tag = reference.partition("@")[0].rpartition("/")[2].partition(":")[2]
    known = _others().images.get(image)
    seen = known.tags.get(tag) if known else None
    return Release(tag, seen) if seen and seen.digest else None


def read_on() -> str:
    """The day of the newest evidence for what projects pin."""
    return _others().date


def tags(image: str) -> list[str]:
    """Every tag that is known: an image that has none is unknown here, and of others these are not all that exist."""
    known = _others().images.get(image)
    return [*_official().images.get(image, []), *(known.tags if known else ())]


def is_digest(image: str, tag: str, digest: str) -> bool:
    """Whether projects pin an image, as `exactly` names it, by this `sha256:…`, under the tag where one is named."""
    known = _others().images.get(image)
    found = [seen for name, seen in known.tags.items() if tag.lower() in {"", name.lower()}] if known else []
    return any(f"sha256:{seen.digest}" == digest for seen in found)


@functools.cache
def _official() -> _Official:
    return msgspec.json.decode(resource("config", "images.lock.json").read_bytes(), type=_Official)


@functools.cache
def _others() -> _Others:
    return msgspec.json.decode(resource("config", "pinned-images.lock.json").read_bytes(), type=_Others)
