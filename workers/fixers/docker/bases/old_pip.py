"""Images whose pip is of before 19.0, which ends with a traceback where `PIP_NO_CACHE_DIR` is set to a yes."""

from __future__ import annotations

import re

from workers.fixers.docker.bases.images import Base

_RELEASE = re.compile(
    r"precise|trusty|xenial|bionic|wheezy|jessie|stretch|buster|ubuntu-?1[0-8]\.\d\d|(?:centos|ubi|el|rocky\w*|alma\w*)-?[5-8](?!\d)"
)
"""Releases of distributions with such a pip, as the name of an image built on them has it."""
_OF_IMAGE = {
    "ubuntu": re.compile(r"1[0-8]\."),
    "debian": re.compile(r"(?:[6-9]|10)(?:\.|-|$)"),
    "centos": re.compile(r"(?:centos)?[5-8](?!\d)"),
    "almalinux": re.compile(r"8(?!\d)"),
    "rockylinux": re.compile(r"8(?!\d)"),
    "oraclelinux": re.compile(r"[6-8](?!\d)"),
    "amazonlinux": re.compile(r"(?:1|2|2018\.\d+\S*|latest)$"),
    "alpine": re.compile(r"3\.[0-9](?:\.|$)"),
    "node": re.compile(r"(?:\d|1[0-4])(?:\.|-slim|$)"),
}
_FIRST = {"2.7": 16, "3.4": 10, "3.5": 7, "3.6": 9, "3.7": 3}
"""The first patch release of Python whose own image has a newer pip; a tag without one has it in any case."""


def old_pip(base: Base) -> bool:
    """Whether the pip of an image, or of its distribution's package, is known to be that old."""
    if base.image in {"python", "pypy"}:
        match = re.match(r"(\d\.\d+)\.(\d+)", base.tag)
        return match is not None and int(match[2]) < _FIRST.get(match[1], 0)
    known = _OF_IMAGE.get(base.image.rpartition("/")[2])
    return bool((known and known.match(base.tag)) or _RELEASE.search(f"{base.image}:{base.tag}"))
