"""What an image's container is given that only root can use, and what of its program is the repository's own."""

from __future__ import annotations

import re

from workers.fixers.docker.build import from_context, lineage
from workers.fixers.docker.service.compose_ports import may_run
from workers.fixers.docker.users.mounts import docker_runs
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Instruction, Stage
from workers.source.tree import SourceTree

_GIVEN = re.compile(r"--privileged\b|--cap-add\b|--device\b|--pid[= ]host\b|\.X11-unix\b|\s-v /dev/(?!shm|null)")
_BUILDS = re.compile(
    r"\b(?:npm (?:ci|i|install)|yarn(?: install)?(?=\s*(?:&&|;|$))|pnpm (?:i|install)|pip3? install|bundle install|"
    r"composer install|apt-get|apk add|chown|go build|make|cargo build|mvn|gradlew?)(?=\s|$)"
)
_RUNTIME = re.compile(r"(?P<folder>/(?:var/)?run|/var/lock|/var/log)/[\w./-]+")
_SETTINGS = re.compile(
    r"\.(?:conf|cfg|ini|ya?ml|json|toml|cnf|properties|env|repo|list|sources|asc|gpg|key|pub|rc|txt|lock|md|sh|patch)$|"
    r"entry-?point|(?:^|/)(?:Gemfile|Pipfile|Makefile|go\.(?:mod|sum))$"
)


def refuse_rights(tree: SourceTree, file: Dockerfile) -> None:
    """Say what Compose, or notes of `docker run`, give the container that is of no use to another user than root.

    Raises:
        NoFix: they give it something, or start it by steps that are root's.
    """
    for name, call in docker_runs(tree, file.path):
        if found := _GIVEN.search(call):
            message = f"{name} starts the container with `{found[0]}`, which only root can use, or a user of that host"
            raise NoFix(message)
    for name, service, settings in may_run(tree, file.path):
        given = [key for key in ("privileged", "cap_add", "devices") if settings.get(key)]
        given += ["pid: host"] if settings.get("pid") == "host" else []
        if given and "user" not in settings:
            message = f"{name} gives {service} `{given[0]}`, which only root in the container can use"
            raise NoFix(message)
        words = [settings.get("entrypoint"), settings.get("command")]
        text = " ".join(str(word) for each in words for word in (each if isinstance(each, list) else [each or ""]))
        if found := _BUILDS.search(text):
            message = f"{name} starts {service} by `{found[0]}`, in files that are root's: do that in a RUN"
            raise NoFix(message)


def refuse_runtime_files(file: Dockerfile, stage: Stage, commands: list[Instruction]) -> None:
    """What the command itself names below folders that root alone may write: a pid, a socket, a log."""
    given = " ".join(one.text for each in lineage(file, stage) for one in each.all("RUN") if "chown" in one.text)
    if built := next((match for one in commands if (match := _BUILDS.search(one.text))), None):
        message = f"the command starts with `{built[0]}`, in files that are root's: do that in a RUN"
        raise NoFix(message)
    brought = " ".join(one.text for each in lineage(file, stage) for one in each.all("COPY", "ADD"))
    for match in (match for one in commands for match in _RUNTIME.finditer(one.text)):
        if match["folder"] not in given and f" {match['folder']}" not in brought:
            message = (
                f"the command names {match[0]}, and root alone may write there: give that folder to the user first"
            )
            raise NoFix(message)


def brings(file: Dockerfile) -> bool:
    """Whether a step puts a program of the repository into the image, or into what it takes files from."""
    for one in file.instructions:
        if from_context(one):
            sources = [word.strip("\"',[]") for word in one.text.split()[:-1]]
            if one.heredocs or any(not _SETTINGS.search(source) and "://" not in source for source in sources):
                return True
        if any(flag.startswith("--mount=type=bind") and "from=" not in flag for flag in one.flags):
            return True
    return False
