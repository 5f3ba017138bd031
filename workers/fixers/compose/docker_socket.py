"""Services that reach the Docker daemon."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.compose.service import Service
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import yamledit

_SOCKET = "/var/run/docker.sock"
_ALSO = "/run/docker.sock"


@fixer(
    name="compose-docker-socket",
    weakness="container",
    rules={"semgrep": ["exposing-docker-socket-volume"], "kics": ["Docker Socket Mounted In Container"]},
    explain="""Whoever can talk to the Docker socket can start a privileged container with the host's root directory
in it: the mount is root on the host, `:ro` or not, since that protects the file and not what is asked through it. A
tool that must watch containers gets a filtering proxy for the socket instead.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The mount goes."""
    service = Service(target)
    volumes = service.plain("volumes")
    found = [
        index
        for index, item in enumerate(volumes.items if volumes else ())
        if (item.text("source") or item.value.partition(":")[0]) in {_SOCKET, _ALSO}
    ]
    if volumes is None or len(found) != 1:
        message = f"the service {service.name} does not mount the Docker socket in a way that is plain to see"
        raise NoFix(message)
    alone = len(volumes.items) == 1
    edit = service.delete("volumes") if alone else yamledit.delete_item(service.doc, volumes, found[0])
    how = "The container can no longer command the host's Docker daemon."
    warning = "a service that manages or watches containers stops working: put a filtering socket proxy between them"
    yield service.candidate("remove-mount", [edit], how, ["volumes/delete", "volumes.*/delete"], [warning])
