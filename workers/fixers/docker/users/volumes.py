"""Folders that a Dockerfile makes volumes, which belong to whom they belong to when VOLUME names them."""

from __future__ import annotations

import json
import re

from daemon.domain.fix import Edit
from workers.fixers.docker.bases.images import Base
from workers.fixers.docker.build import is_root, lineage, user_at
from workers.fixers.docker.edits import insert_above
from workers.source.dockerfile import Dockerfile, Instruction, Stage

_ROOTS_WORK = re.compile(
    r"\b(?:chown|chgrp|addgroup|groupadd|useradd|adduser|ldconfig|update-ca-certificates|apt-get|apk|yum|dnf|microdnf)\b|"
    r"\bmkdir\s+(?:-p\s+)?/(?!tmp|home)\w"
)
_PLAIN = re.compile(r"/[\w./-]+")
_OPEN_TO_ALL = frozenset(("/tmp", "/var/tmp", "/dev/shm"))  # noqa: S108 - paths of an image


def given(file: Dockerfile, stage: Stage, user: str) -> list[Edit]:
    """What gives root's volumes to the user: in front of each VOLUME, behind which the builder keeps no change."""
    return [
        insert_above(file, volume, f"RUN mkdir -p {folders} && chown {user} {folders}")
        for volume in stage.all("VOLUME")
        if (folders := " ".join(_of_root(file, stage, volume)))
    ]


def builds_as_root(file: Dockerfile, stage: Stage, base: Base) -> bool:
    """Whether the steps have a shell and are surely root's: by the file, the image, or what they already do."""
    steps = [one for each in lineage(file, stage) for one in each.all("RUN") if not one.json]
    said = stage.last("USER")
    shell = base.family not in {None, "scratch", "distroless"}
    if said is not None:
        return (bool(steps) or shell) and is_root(said.text)
    if base.runs_as_root and shell:
        return True
    return any(_ROOTS_WORK.search(one.text) and "sudo" not in one.text for one in steps)


def _of_root(file: Dockerfile, stage: Stage, volume: Instruction) -> list[str]:
    user = user_at(file, volume)
    if user is not None and not is_root(user):
        return []
    owned = [one.text for each in lineage(file, stage) for one in each.all("RUN") if "chown" in one.text]
    owned += [one.text for one in stage.all("COPY", "ADD") if any(flag.startswith("--chown") for flag in one.flags)]
    folders = (word for word in _words(volume.text) if _PLAIN.fullmatch(word))
    return [
        each for each in folders if each.rstrip("/") not in _OPEN_TO_ALL and not any(each in text for text in owned)
    ]


def _words(text: str) -> list[str]:
    try:
        words = json.loads(text)
    except ValueError:
        words = None
    return [str(word) for word in words] if isinstance(words, list) else text.split()
