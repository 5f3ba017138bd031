"""Distributions' releases that have ended: their packages stand in an archive and change no more."""

from __future__ import annotations

import re

from workers.fixers.docker.build import base_image
from workers.fixers.docker.images import split
from workers.source.dockerfile import Dockerfile, Stage

_ENDED = {
    "debian": {
        "7": "wheezy", "wheezy": "wheezy", "8": "jessie", "jessie": "jessie", "9": "stretch", "stretch": "stretch",
        "10": "buster", "buster": "buster",
    },
    "ubuntu": {"12.04": "12.04", "precise": "12.04", "14.04": "14.04", "trusty": "14.04"},
}  # fmt: skip
"""By the image's tag: what Debian and CentOS moved to an archive, and Ubuntu publishes no update of."""
_TITLES = {"debian": "Debian", "ubuntu": "Ubuntu"}
_CENTOS = re.compile(r"(?:centos)?([5678])(?:\.[\d.]+)?")


def ended(file: Dockerfile, stage: Stage) -> str | None:
    """Which ended release the stage installs from: `Debian jessie`; none where its image names none of them."""
    image, tag = split(base_image(file, stage))
    if image in {"centos", "centos/centos"}:
        match = _CENTOS.fullmatch(tag)
        return f"CentOS {match[1]}" if match else None
    name = _ENDED.get(image, {}).get(tag.removesuffix("-slim"))
    return f"{_TITLES[image]} {name}" if name else None
