"""The edits that make a Dockerfile's image run as a user, and that make one."""

from __future__ import annotations

import re

import msgspec

from daemon.domain.fix import Candidate, Edit
from workers.fixers.docker.bases.images import Base
from workers.fixers.docker.build import before, candidate, is_root, lineage, pairs
from workers.fixers.docker.edits import insert_at_end
from workers.fixers.docker.users.volumes import builds_as_root, given
from workers.source.dockerfile import Dockerfile, Instruction, Stage

UID = 10001
"""A number that no host gives away."""
NAME = "app"


class Image(msgspec.Struct, frozen=True):
    """The image that a Dockerfile's last stage is, and what a user of it needs."""

    file: Dockerfile
    stage: Stage
    base: Base
    warnings: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    """What its program writes to, as a step writes it, and root owns."""
    whole: str = ""
    """The folder of the program, with all that it holds, where the program writes into that."""


def switch(image: Image, approach: str, user: str, how: str, *, warn: bool = True) -> Candidate:
    """The stage ends as that user."""
    edits, changes = switched(image, user)
    return candidate(approach, edits, how, changes, image.warnings if warn else ())


def numbered(image: Image, approach: str, number: str, how: str) -> Candidate:
    """The stage ends as a number that nobody has made a user of, with a home where everybody may write."""
    warnings = [*image.warnings, "the number has no name: programs that ask for one (git, ssh) want it"]
    edits, changes = switched(image, number)
    if any("HOME" in pairs(one) for each in lineage(image.file, image.stage) for one in each.all("ENV")):
        return candidate(approach, edits, how, changes, warnings)
    line = re.compile(rf"(?m)^(?:USER )?{re.escape(number)}(?=\r?$)")
    homed = rf"\g<0>{image.file.newline}ENV HOME=/tmp"
    edits = [msgspec.structs.replace(one, text=line.sub(homed, one.text)) for one in edits]
    return candidate(approach, edits, f"{how} Its home is /tmp, where it may write.", [*changes, "ENV"], warnings)


def switched(image: Image, user: str, run: str = "") -> tuple[list[Edit], list[str]]:
    """USER behind what makes the user, the folders that become its own, and what that declares."""
    file, stage = image.file, image.stage
    volumes = given(file, stage, user) if builds_as_root(file, stage, image.base) else []
    if image.folders:
        folders = " ".join(image.folders)
        made = "" if folders == "." else f"mkdir -p {folders} && "
        run += f"RUN {made}chown {user} {folders}\n"
    if image.whole:
        run += f"RUN chown -R {user} {image.whole}\n"
    return [*volumes, user_edit(file, stage, user, run)], ["USER", "RUN"] if volumes or run else ["USER"]


def user_edit(file: Dockerfile, stage: Stage, user: str, run: str = "") -> Edit:
    """USER at the end of the stage; a `USER root` that stands there already is replaced."""
    last = stage.last("USER")
    build = ("RUN", "COPY", "ADD", "WORKDIR")
    if last is not None and is_root(last.text) and not run and _is_last(stage, last, *build):
        return file.edit(last.body, last.end, user)
    return insert_at_end(file, stage, f"{run}USER {user}")


def _is_last(stage: Stage, instruction: Instruction, *keywords: str) -> bool:
    return not any(one.start > instruction.start for one in stage.all(*keywords))


def new_user(image: Image, number: tuple[str, str] = (str(UID), str(UID))) -> Candidate:
    """A user and a group made by the image's own programs, and the stage ends as it."""
    uid, gid = number
    if image.base.family == "alpine" or image.base.image == "busybox":
        run = f"RUN addgroup -S -g {gid} {NAME} && adduser -S -D -u {uid} -G {NAME} {NAME}\n"
        program = "adduser"
    else:
        run = (
            f"RUN groupadd --system --gid {gid} {NAME} {image.file.escape}\n"
            f"    && useradd --system --no-log-init --create-home --uid {uid} --gid {NAME} {NAME}\n"
        )
        program = "useradd"
    how = (
        f"Makes a user and a group `{NAME}` with a home by {program}, and runs as it: by number, which Kubernetes can "
        "check against `runAsNonRoot`."
    )
    edits, changes = _made(image, f"{uid}:{gid}", run)
    return candidate("own-user", edits, how, changes, image.warnings)


def written_user(image: Image) -> Candidate:
    """For images without the programs that add users: the entries that these would write."""
    run = (
        f"RUN echo '{NAME}:x:{UID}:{UID}::/home/{NAME}:/sbin/nologin' >> /etc/passwd {image.file.escape}\n"
        f"    && echo '{NAME}:x:{UID}:' >> /etc/group {image.file.escape}\n"
        f"    && mkdir -p /home/{NAME} && chown {UID}:{UID} /home/{NAME}\n"
    )
    how = (
        f"Writes a user and a group `{NAME}` with a home into /etc/passwd and /etc/group, since the image may have no "
        "useradd, and runs as it: by number, which Kubernetes can check."
    )
    edits, changes = _made(image, f"{UID}:{UID}", run)
    return candidate("written-user", edits, how, changes, image.warnings)


def _made(image: Image, user: str, run: str) -> tuple[list[Edit], list[str]]:
    """As `switched`, with root as the one who makes the user, whoever builds the steps above."""
    stage = image.stage
    current = before(image.file, stage.instructions[-1], "USER") if stage.instructions else []
    if current and not is_root(current[0].text):
        run = f"USER root\n{run}"
    return switched(image, user, run)
