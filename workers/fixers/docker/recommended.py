"""Recommended packages without which one that is asked for does not do what people ask it for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Edit
from workers.fixers.docker.build import stage_of
from workers.fixers.docker.images import base_of, installed
from workers.fixers.docker.script import Command
from workers.source.dockerfile import Dockerfile, Instruction

_RELIED_ON = {
    "curl": "ca-certificates", "wget": "ca-certificates", "git": "ca-certificates",
    "gcc": "libc6-dev", "cmake": "make",
}  # fmt: skip
"""From Debian's `Recommends`: no certificate is believed, no header and no make is found without them."""
_HAVE = {"ca-certificates": frozenset(("python", "ruby", "php", "perl", "eclipse-temurin", "nginx"))}
"""Images that bring the package, whichever variant they are."""


def kept(file: Dockerfile, one: Instruction, call: Command) -> Iterator[Edit]:
    """Each such package, named behind the one that recommends it, where nothing else of the stage installs it."""
    stage = stage_of(file, one)
    base, there = base_of(file, stage), installed(file, stage)
    if base.full:
        return
    for word in call.operands:
        package = re.split(r"[=/]", word.text)[0]
        needed = _RELIED_ON.get(package)
        if needed and needed not in there and base.image not in _HAVE.get(needed, ()):
            there.add(needed)
            yield file.edit(word.end, word.end, f" {needed}")
