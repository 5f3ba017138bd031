"""Folders that a program, or the scripts that start it, write beside its code: whose they have to be."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from workers.fixers.docker.bases.images import Base
from workers.fixers.docker.build import lineage, work_directory
from workers.fixers.docker.service.compose_ports import may_run
from workers.fixers.docker.service.entry_scripts import compose_scripts, copies, entry_scripts
from workers.fixers.docker.service.listening import drops_root, environment
from workers.fixers.docker.service.server_source import command_words, package_command, words_of
from workers.fixers.docker.users.mounts import mounts
from workers.fixers.docker.users.script_writes import writes
from workers.fixers.docker.users.volumes import builds_as_root
from workers.fixers.docker.users.written import Written, context_of, written
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.tree import SourceTree

_SHELL = re.compile(r"^\s*(?:/(?:usr/)?bin/)?(?:ba|da|a)?sh\s+-\w*c\s")
GIVEN = re.compile(r"\bchown\b|\bchmod\b.*\b(?:0?777|\w*[ao]\w*\+\w*w\w*)\b")


def beside(tree: SourceTree, file: Dockerfile, stage: Stage, base: Base) -> tuple[str, str] | None:
    """The folder of a program that writes into it, and what of its source says so; none where that is the user's.

    Raises:
        NoFix: it writes into a folder that is not the program's.
    """
    if drops_root(base):
        return None
    source = written(tree, file, stage, base)
    found = [*by_scripts(tree, file, stage), *([source] if source else [])]
    places = [_given(tree, file, stage, base, one) for one in found]
    return next((one for one in places if one is not None), None)


def _given(tree: SourceTree, file: Dockerfile, stage: Stage, base: Base, one: Written) -> tuple[str, str] | None:
    folder = _place(file, stage, base, one)
    if (
        over := next((each for each in mounts(tree, file.path) if each.of_host and each.target == folder), None)
    ) is not None:
        message = f"{over.said} mounts {over.source} of the host over {folder}, where the program writes ({one.said})"
        raise NoFix(message)
    steps = [each for below in lineage(file, stage) for each in below.all("RUN", "COPY", "ADD", "VOLUME")]
    open_to = [each.text for each in steps if each.keyword == "VOLUME" or GIVEN.search(f"{each.flags} {each.text}")]
    open_to += [each.target for each in mounts(tree, file.path) if not each.of_host]
    named = one.path if one.path.startswith("/") else folder or ""
    near = {each for each in (posixpath.dirname(named), named) if each.strip("/")}
    if any(each in text for each in near for text in open_to):
        return None
    if one.path.startswith("$"):
        message = f"{one.said} writes {one.path}: which folder that is, and so whose, is told when it starts"
        raise NoFix(message)
    if not one.sure and (folder is None or not builds_as_root(file, stage, base)):
        message = (
            f"{one.said} writes files, and where is told when the program starts: it has no folder that could be given "
            "to the user"
        )
        raise NoFix(message)
    if folder is None:
        what = one.path if one.path not in {"", "."} else "beside the program"
        message = f"{one.said} writes {what}, where root alone may: give that folder to the user first"
        raise NoFix(message)
    if not builds_as_root(file, stage, base):
        message = f"{one.said} writes into {folder}, which is root's, and no step here can give it to a user"
        raise NoFix(message)
    return folder, one.said


def _place(file: Dockerfile, stage: Stage, base: Base, one: Written) -> str | None:
    """The folder that has to be the user's for it; none where that is not plain to see."""
    last = stage.instructions[-1] if stage.instructions else stage.origin
    home = work_directory(file, last, base.directory)
    if home is None or home == "/" or "$" in home:
        return None
    return home if not one.path.startswith("/") or one.path.startswith(f"{home}/") else None


def by_scripts(tree: SourceTree, file: Dockerfile, stage: Stage) -> Iterator[Written]:
    """What shell scripts write that the image or Compose start in it, and the lines that Compose has for a shell."""
    values = environment(file, stage)
    commands = [one for each in lineage(file, stage) for one in each.all("ENTRYPOINT", "CMD")]
    started = [*entry_scripts(tree, file, [*copies(file, stage), *commands]), *compose_scripts(tree, file)]
    for path in dict.fromkeys(started):
        yield from (Written(f"{path}:{line}", place) for line, place in writes(tree.read(path), values))
    told = [(f"{file.path}:{one.line}", " ".join(command_words(one.text))) for one in commands]
    told.append(("package.json", package_command(tree, context_of(tree, file).rstrip("/"), words_of(file, stage, {}))))
    for name, service, settings in may_run(tree, file.path):
        chosen = [settings.get("entrypoint"), settings.get("command")] if "user" not in settings else []
        told += [
            (f"{service} of {name}", " ".join(map(str, one)) if isinstance(one, list) else str(one))
            for one in filter(None, chosen)
        ]
    for said, line in told:
        script = _SHELL.sub("", line).strip().strip("\"'")
        yield from (Written(said, place) for _, place in writes(script.encode(), values))
