"""Services in the host's network, process or IPC namespace."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.compose.service import Service
from workers.fixers.registry import NoFix, Target, fixer

_KEYS = ("network_mode", "pid", "ipc", "userns_mode")


@fixer(
    name="compose-host-namespace",
    weakness="container",
    rules={
        "semgrep": ["host-network-service", "host-pid-service", "host-ipc-service"],
        "kics": ["Host Namespace is Shared", "Shared Host Network Namespace", "Shared Host IPC Namespace"],
    },
    explain="""In the host's network namespace a container opens ports on every interface of the host and reaches what
listens on its loopback; in the PID namespace it sees and signals every process; in the IPC namespace it shares their
memory. The default, a namespace of its own, costs nothing.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The key goes, and with it the sharing; the network also by saying `bridge`."""
    service = Service(target)
    shared = [key for key in _KEYS if service.node.text(key) == "host"]
    at = service.doc.offset(target.finding.line or 1)
    pointed = [key for key in shared if (name := service.node.key(key)) is not None and name.start == at]
    key = (pointed or shared or [""])[0]
    if not key:
        message = f"the service {service.name} shares no namespace of the host"
        raise NoFix(message)
    how = f"The container gets a namespace of its own instead of the host's ({key})."
    warning = (
        "ports are reached only through `ports:` from now on: publish those that callers need"
        if key == "network_mode"
        else "a service that inspects the host stops seeing it"
    )
    yield service.candidate("own-namespace", [service.delete(key)], how, [f"{key}/delete"], [warning])
    if key in {"network_mode", "ipc"}:
        value = "bridge" if key == "network_mode" else "private"
        yield service.candidate(f"say-{value}", [service.set(key, value)], how, [key], [warning])
