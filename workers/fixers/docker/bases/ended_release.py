"""Distributions' releases that have ended: their packages stand in an archive and change no more."""

from __future__ import annotations

import re

from workers.fixers.docker.bases.distribution import OWN_SOURCES
from workers.fixers.docker.build import base_image
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.images import split

_NAMES = {"7": "wheezy", "8": "jessie", "9": "stretch", "10": "buster"}
_DEBIAN = re.compile(rf"(\d+|{'|'.join(_NAMES.values())})(?:\.\d+)*(?:-\d{{8}})?(?:-slim)?")
_IN_TAG = re.compile(rf"(?:^|-)({'|'.join(_NAMES.values())})(?:-slim)?$")
_UBUNTU = {"12.04": "12.04", "precise": "12.04", "14.04": "14.04", "trusty": "14.04"}
_CENTOS = re.compile(r"(?:centos)?([5678])(?:\.[\d.]+)?")
"""By the image's tag: what Debian and CentOS moved to an archive, and Ubuntu publishes no update of."""


def ended(file: Dockerfile, stage: Stage) -> str | None:
    """Which ended release the stage installs from: `Debian jessie`; none where its image names none of them."""
    image, tag = split(base_image(file, stage))
    if image in {"centos", "centos/centos"}:
        match = _CENTOS.fullmatch(tag)
        return f"CentOS {match[1]}" if match else None
    if image == "ubuntu":
        return f"Ubuntu {_UBUNTU[tag]}" if tag in _UBUNTU else None
    match = _DEBIAN.fullmatch(tag) if image == "debian" else None
    match = match or (_IN_TAG.search(tag) if image in OWN_SOURCES else None)
    name = _NAMES.get(match[1], match[1]) if match else ""
    return f"Debian {name}" if name in _NAMES.values() else None
