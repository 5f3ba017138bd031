"""What the shipped lists say of images, and that no more is taken from them."""

import re

import msgspec
import pytest

from daemon.resources import resource
from workers.source import images

LOCK = msgspec.json.decode(resource("config", "pinned-images.lock.json").read_bytes())["images"]
OFFICIAL = msgspec.json.decode(resource("config", "images.lock.json").read_bytes())["images"]
TWO = 2
"""Owners: one alone may be wrong, or mean it."""
ENVOY = "envoyproxy/envoy"


def _wrong(image, known):
    tags, newest = known["tags"], known.get("newest", "")
    if not all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) and owners >= TWO for day, owners, *_ in tags.values()):
        return "does not say when and by how many it was seen"
    if not all(re.fullmatch(r"[0-9a-f]{64}", digest) for _, _, *digests in tags.values() for digest in digests):
        return "names what is no digest"
    if any(len(seen) == TWO and tag != newest for tag, seen in tags.items()):
        return "has a tag that says nothing"
    if newest and (newest not in tags or not re.fullmatch(r"v?\d+(\.\d+)+|RELEASE\.[\dTZ-]+", newest)):
        return "calls newest what is no release"
    return "is in both lists with a release" if newest and image in OFFICIAL else ""


def test_every_entry_is_what_two_owners_say():
    assert {image: wrong for image, known in LOCK.items() if (wrong := _wrong(image, known))} == {}
    assert list(LOCK) == sorted(LOCK)


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("envoyproxy/envoy:v1.39.0", True),
        ("docker.io/envoyproxy/envoy:v1.39.0", True),
        ("envoyproxy/envoy:v1.39", False),
        ("envoyproxy/envoy", False),
        ("busybox:1.38.0", True),
        ("docker.io/library/busybox:1.38.0", True),
        ("public.ecr.aws/docker/library/busybox:1.38.0", False),
        ("docker.io/arm64v8/busybox:1.38.0", False),
        ("amd64/busybox:1.38.0", False),
        ("registry.example.com/envoyproxy/envoy:v1.39.0", False),
    ],
)
def test_a_digest_is_of_exactly_the_image_and_the_tag(reference, found):
    assert (images.pinned(reference) is not None) is found


def test_a_digest_is_known_with_its_own_tag_alone():
    one, other = ("sha256:" + images.pinned(f"{ENVOY}:{tag}").seen.digest for tag in ("v1.39.0", "v1.38.3"))
    assert images.is_digest(ENVOY, "v1.39.0", one)
    assert images.is_digest(ENVOY, "", one)
    assert not images.is_digest(ENVOY, "v1.39.0", other)
    assert not images.is_digest("someone/envoy", "v1.39.0", one)


def test_an_official_image_has_the_releases_of_its_list():
    assert images.latest_tags("redis")[0]
    assert images.newest("redis") is None
    assert images.newest(ENVOY).tag in images.tags(ENVOY)
