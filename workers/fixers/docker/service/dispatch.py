"""Scripts that start one of several programs, or have one listen elsewhere than a probe of the image would ask."""

from __future__ import annotations

import re

from workers.fixers.docker.build import lineage
from workers.fixers.docker.service.entry_scripts import copies, entry_scripts
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.tree import SourceTree, text_of

_COMMENT = re.compile(r"(?m)^\s*#.*$")
_ROLE = re.compile(
    r"(?:\bcase\s+|\[\[?\s+)[\"']?\$\{?(?P<name>\w*(?:ROLE|MODE|PROCESS|COMPONENT|SERVICE|WORKER|PROFILE)(?:_TYPE)?)\b",
    re.IGNORECASE,
)
_WORKER = re.compile(
    r"(?m)^[^\n()]*?(?P<name>[\w-]*(?:worker|celery|scheduler|cron|beat|queue|sidekiq)[\w-]*)[\"']?(?:\s*\|[^()\n]*)?\)"
)
"""What a `case` has for a program that listens nowhere."""
_OWN_ADDRESS = re.compile(r"\bhostname\s+-[iI]\b")


def refuse_dispatch(tree: SourceTree, file: Dockerfile, stage: Stage) -> None:
    """Say which script starts something else in some containers, which would inherit a check of the image.

    Raises:
        NoFix: one does, or has the program listen at the container's own address.
    """
    commands = [one for each in lineage(file, stage) for one in each.all("ENTRYPOINT", "CMD")]
    for path in entry_scripts(tree, file, [*copies(file, stage), *commands]):
        text = _COMMENT.sub("", text_of(tree, path))
        told = _ROLE.search(text) or ("case " in text and _WORKER.search(text)) or None
        if told:
            message = (
                f"{path} starts what it is told (`{told['name']}`): each of these containers would inherit the check, "
                "and never be healthy where nothing listens. Give the service that listens a `healthcheck` in Compose"
            )
            raise NoFix(message)
        if own := _OWN_ADDRESS.search(text):
            message = f"{path} looks up the container's own address (`{own[0]}`), where alone the program may listen"
            raise NoFix(message)
