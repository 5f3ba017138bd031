"""Files of an image that a step closes to everybody but their owner, root."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from workers.fixers.docker.build import lineage
from workers.fixers.docker.service.server_source import words_of
from workers.fixers.docker.shell.script import scripts
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Stage

_OF_ROOT = re.compile(r"/?(?:root|etc/sudoers|etc/apt|etc/ssh|etc/cron|usr/share/keyrings|tmp|var/lib/apt)|[~$]")
_OPTION = re.compile(r"-[Rvcf]+|--\S+")
_READS, _RUNS = "14567", "1357"


def refuse_closed(file: Dockerfile, stage: Stage) -> None:
    """Say which file root alone may read, or start, that nothing gives to a user.

    Raises:
        NoFix: there is one.
    """
    given = [one.text for each in lineage(file, stage) for one in each.all("RUN") if "chown" in one.text]
    given += [one.text for each in lineage(file, stage) for one in each.all("COPY", "ADD") if "chown" in str(one.flags)]
    for line, mode, path in _modes(file, stage):
        names = {path, posixpath.dirname(path) or path} - {"", "/"}
        if _OF_ROOT.match(path) or any(name in text for name in names for text in given):
            continue
        if what := _closed(mode, started=posixpath.basename(path) in _started(file, stage)):
            message = (
                f"{file.path}:{line} lets root alone {what} {path} (`{mode}`): give it to the user, or open it, first"
            )
            raise NoFix(message)


def _modes(file: Dockerfile, stage: Stage) -> Iterator[tuple[int, str, str]]:
    """Line, mode and path of each `chmod`, and of each copy that is given a mode."""
    for each in lineage(file, stage):
        for script in scripts(file, each.all("RUN")):
            for call in script.named("chmod"):
                words = [word.text.strip("\"'") for word in call.arguments if not _OPTION.fullmatch(word.text)]
                mode, *paths = words or [""]
                yield from ((script.instruction.line, mode, path) for path in paths)
        for one in each.all("COPY", "ADD"):
            mode = next((flag.partition("=")[2] for flag in one.flags if flag.startswith("--chmod=")), "")
            sources = one.text.split()[:-1] if mode else []
            yield from ((one.line, mode, source.strip("\"',[]")) for source in sources)


def _closed(mode: str, *, started: bool) -> str:
    """What nobody but the owner may do; empty where everybody may read, and start what is started."""
    if re.fullmatch(r"[0-7]{3,4}", mode):
        closed = "start" if started and mode[-1] not in _RUNS else ""
        return closed if mode[-1] in _READS else "read"
    clauses = mode.split(",")
    if any(re.fullmatch(r"[go]*o[go]*(?:-\w*[rx]\w*|=)|go(?:-\w*[rx]\w*|=)", clause) for clause in clauses):
        return "read"
    sets = [clause for clause in clauses if re.fullmatch(r"[ugoa]*[+=][rwxX]+", clause) and re.search("[xX]", clause)]
    return "start" if started and sets and not any(re.match(r"[ug]*[oa]|[+=]", clause) for clause in sets) else ""


def _started(file: Dockerfile, stage: Stage) -> set[str]:
    """The programs that the image starts by themselves; a script that its interpreter is told need only be read."""
    return {posixpath.basename(word) for word in words_of(file, stage, {}) if "/" in word or word.endswith(".sh")}
