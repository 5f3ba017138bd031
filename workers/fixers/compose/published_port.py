"""Ports published on every interface of the host."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate, Edit
from workers.fixers.compose.service import Service
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import yamledit
from workers.source.yamldoc import Node

_SHORT = re.compile(r"(?:0\.0\.0\.0:)?(\d+(?:-\d+)?):(\d+(?:-\d+)?)(/\w+)?")
_CALLERS = "callers on other machines no longer reach the port: put a reverse proxy in front of it, or leave it open"


@fixer(
    name="compose-published-port",
    weakness="container",
    rules={
        "semgrep": ["port-all-interfaces", "docker-compose-port-all-interfaces"],
        "kics": ["Container Traffic Not Bound To Host Interface"],
    },
    explain="""`8080:80` opens the port on every interface of the host, and Docker's own firewall rules stand in front
of the host's: a database for the neighbours is then one for the world (CWE-668). `127.0.0.1:8080:80` leaves it to
programs of the host; services of one Compose network need no published port at all.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The host's loopback address; or no published port, for the services of the same network."""
    service = Service(target)
    ports = service.plain("ports")
    found = [item for item in (ports.items if ports else ()) if _SHORT.fullmatch(item.value)]
    if ports is None or not found:
        message = f"the service {service.name} publishes no port in the short form without an address"
        raise NoFix(message)
    edits = [_local(service, item) for item in found]
    how = "Only programs on the host itself reach the port."
    yield service.candidate("loopback", edits, how, ["ports"], [_CALLERS])
    if len(found) == len(ports.items) and service.has_neighbours():
        yield from _unpublished(service, found)


def _unpublished(service: Service, found: Sequence[Node]) -> Iterator[Candidate]:
    """Without the published ports: they are exposed instead, or are that already."""
    values = [re.sub(r"^.*:", "", item.value) for item in found]
    old, name = service.plain("expose"), service.node.key("ports")
    what = "The port is there for services of the same network, and nothing of the host reaches it."
    if old is not None:
        if {value.removesuffix("/tcp") for value in values} <= {item.value.removesuffix("/tcp") for item in old.items}:
            yield service.candidate("network-only", [service.delete("ports")], what, ["ports/delete"], [_CALLERS])
        return
    if name is not None:
        edit = yamledit.edit(service.doc, name.start, name.end, "expose")
        ends = [
            yamledit.edit(service.doc, item.start, item.end, f'"{value}"')
            for item, value in zip(found, values, strict=True)
        ]
        yield service.candidate("network-only", [edit, *ends], what, ["expose", "ports/delete"], [_CALLERS])


def _local(service: Service, item: Node) -> Edit:
    bare = item.value.removeprefix("0.0.0.0:")
    return yamledit.edit(service.doc, item.start, item.end, f'"127.0.0.1:{bare}"')
