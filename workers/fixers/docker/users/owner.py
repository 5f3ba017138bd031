"""Whom a Dockerfile gives its files to, where nobody switches to that user."""

from __future__ import annotations

import re

from workers.fixers.docker.build import is_root, lineage
from workers.fixers.docker.shell.script import scripts
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Stage

_FLAG = re.compile(r"--chown=(?P<owner>[^\s]+)")
_ENDED = re.compile(r"[A-Za-z0-9_][\w.-]*(?::[\w.-]*)?")


def owners(file: Dockerfile, stage: Stage) -> set[str]:
    """Each user that `chown` or `--chown` names, with its group where that is named, and that is not root."""
    found: set[str] = set()
    for each in lineage(file, stage):
        for one in each.all("COPY", "ADD"):
            found |= {match["owner"] for flag in one.flags if (match := _FLAG.match(flag))}
        for script in scripts(file, each.all("RUN")):
            for call in script.named("chown"):
                found |= {word.text for word in call.operands[:1]}
    plain = {owner.strip("\"'") for owner in found}
    return {owner for owner in plain if _ENDED.fullmatch(owner) and not is_root(owner)}


def refuse_variable(file: Dockerfile, stage: Stage) -> None:
    """Say so where a step makes a user, or gives files to one, whom a variable names: no other one could write them.

    Raises:
        NoFix: one does.
    """
    for script in (script for each in lineage(file, stage) for script in scripts(file, each.all("RUN"))):
        for call in script.named("useradd", "adduser", "chown"):
            named = call.operands[:1] if call.name == "chown" else call.operands[-1:]
            if any(word.text.strip("\"'").startswith("$") for word in named):
                message = (
                    f"{file.path}:{script.instruction.line} is about a user whom {named[0].text} names: which one the "
                    "program is, the build decides"
                )
                raise NoFix(message)
