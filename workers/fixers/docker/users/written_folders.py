"""Folders that a container's program writes to and that root owns, by what lies in them and what is mounted there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.docker.bases.image_tables import SERVICE_PORTS
from workers.fixers.docker.bases.images import Base
from workers.fixers.docker.build import from_context, is_root, lineage, pairs, user_at
from workers.fixers.docker.service.deployment import runs
from workers.fixers.docker.shell.script import scripts
from workers.fixers.docker.users.beside import GIVEN
from workers.fixers.docker.users.mounts import Mount, mounts
from workers.fixers.docker.users.volumes import builds_as_root
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Instruction, Stage
from workers.source.tree import SourceTree

_OPEN = frozenset(("/", "/tmp", "/var/tmp", "/dev/shm"))  # noqa: S108 - paths of an image
_DATA = re.compile(
    r"(?:^|/)(?:data|db|database|storage|uploads?|logs?|cache|media|var|volumes?|outputs?|backups?)(?:/|$)",
    re.IGNORECASE,
)
_OF_SYSTEM = re.compile(
    r"/(?:etc|usr|lib\w*|s?bin|root|proc|sys|dev|tmp|boot|home|var/(?:lib/(?:apt|dpkg)|cache|tmp|spool))(?:/|$)"
)
_PLAIN = re.compile(r"/[\w./-]+")


def written_folders(tree: SourceTree, file: Dockerfile, stage: Stage, base: Base) -> list[str]:
    """What a user has to be given, as a step behind all others writes it: `.` is the working directory.

    Raises:
        NoFix: it is a folder of the host, whose owner nobody here knows, or the image has no program that gives it.
    """
    kept = next((one for one in runs(tree, file.path) if one.kept), None)
    if kept is not None:
        message = (
            f"{kept.kind} {kept.name} of {kept.path} mounts a volume that lasts at {kept.kept}, as a rule root's: "
            "give the pod an fsGroup first"
        )
        raise NoFix(message)
    mounted = _of_containers(tree, file, stage)
    # A database's folder is its own user's.
    found = list(_named_volumes(file, stage, mounted)) if base.image not in SERVICE_PORTS else []
    if base.image not in SERVICE_PORTS:
        found += [each for each in _made_for_it(file, stage) if each not in found]
    if (folder := _empty_folder(file, stage)) is not None:
        found.append(".")
    if found and not builds_as_root(file, stage, base):
        what = folder if found == ["."] else found[0]
        message = f"{what} is root's and its program writes there, and no step here can give it to a user"
        raise NoFix(message)
    return found


def _of_containers(tree: SourceTree, file: Dockerfile, stage: Stage) -> list[Mount]:
    """The mounts of the services that are built from the file."""
    found = list(mounts(tree, file.path))
    brings = any(from_context(one) for each in lineage(file, stage) for one in each.instructions)
    for one in found:
        source = one.in_repository and brings and not _DATA.search(one.source)
        if one.of_host and not source:
            what = f"{one.said} mounts {one.source} of the host at {one.target}"
            message = f"{what}: who may write there is known to that host alone, and root always may"
            raise NoFix(message)
    return found


def _named_volumes(file: Dockerfile, stage: Stage, found: list[Mount]) -> Iterator[str]:
    """New volumes take over the owner of the folder that they are mounted at; a folder that is not there is root's."""
    written = " ".join(
        one.text
        for each in lineage(file, stage)
        for one in each.all("RUN", "VOLUME")
        if one.keyword == "VOLUME" or GIVEN.search(one.text)
    )
    targets = {one.target for one in found if not one.of_host}
    yield from sorted(each for each in targets if _PLAIN.fullmatch(each) and each not in _OPEN and each not in written)


def _made_for_it(file: Dockerfile, stage: Stage) -> Iterator[str]:
    """Folders that root makes and nothing fills: they are there for what the program writes."""
    steps = [one for each in lineage(file, stage) for one in each.instructions]
    rest = " ".join(f"{one.flags} {one.text}" for one in steps if one.keyword not in {"ENV", "ARG", "LABEL"})
    for script in scripts(file, [one for one in steps if one.keyword == "RUN" and _by_root(file, one)]):
        for call in script.named("mkdir"):
            for word in call.operands:
                place = word.text.strip("\"'").rstrip("/")
                if _PLAIN.fullmatch(place) and not _OF_SYSTEM.match(place) and rest.count(place) == 1:
                    yield place


def _by_root(file: Dockerfile, one: Instruction) -> bool:
    user = user_at(file, one)
    return user is None or is_root(user)


def _empty_folder(file: Dockerfile, stage: Stage) -> str | None:
    """The working directory, where nothing is put into it: it is there for what the program writes."""
    last = stage.last("WORKDIR")
    if last is None or stage.all("VOLUME") or last.text.rstrip("/") in {"", *_OPEN} or not _starts(file, stage):
        return None
    user = user_at(file, last)
    if user is not None and not is_root(user):
        return None
    if any(last.text in one.text for each in lineage(file, stage) for one in each.all("RUN", "COPY", "ADD")):
        return None
    behind = [one for one in stage.all("RUN", "COPY", "ADD") if one.start > last.start and _may_fill(one)]
    if any(one.keyword != "RUN" for one in behind):
        return None
    named = [value for each in lineage(file, stage) for one in each.all("ENV") for value in pairs(one).values()]
    below = [one.text for each in lineage(file, stage)[1:] for one in each.all("WORKDIR")]
    # A variable tells the program its folder, which is named so for what it keeps there.
    return last.text if last.text in named or not (behind or last.text in below) else None


def _may_fill(step: Instruction) -> bool:
    """Whether a step may put something into the working directory."""
    return step.keyword == "RUN" or not step.text.split()[-1].strip("\"'[],").startswith(("/", "$"))


def _starts(file: Dockerfile, stage: Stage) -> bool:
    return any(each.all("ENTRYPOINT", "CMD") for each in lineage(file, stage))
