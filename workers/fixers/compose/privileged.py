"""Services that run privileged."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.compose.service import Service
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.images import split

_CHECK = (
    "check what the service needed the privilege for, and grant that capability or device alone (`cap_add`, `devices`)"
)


@fixer(
    name="compose-privileged",
    weakness="container",
    rules={"semgrep": ["privileged-service"], "kics": ["Privileged Containers Enabled"]},
    explain="""`privileged: true` gives the container all of the host's devices and capabilities and switches its
system-call filter off: whoever takes it over has the host (CWE-250). Most services that ask for it need one
capability or one device instead.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """Without it; or also without any way to gain privileges."""
    service = Service(target)
    if service.node.text("privileged").lower() != "true":
        message = f"the service {service.name} is not privileged"
        raise NoFix(message)
    image, tag = split(service.node.text("image"))
    if image == "docker" and "dind" in tag:
        message = (
            f"{service.name} runs Docker's own daemon, which needs the privilege: rootless BuildKit builds without"
        )
        raise NoFix(message)
    how = "The container loses the host's devices and all added capabilities."
    yield service.candidate("not-privileged", [service.set("privileged", False)], how, ["privileged"], [_CHECK])
    edits = [service.set("privileged", False), *service.add("security_opt", "no-new-privileges:true")]
    how = "The container loses the host's privileges, and setuid programs in it give none back."
    keys = ["privileged", "security_opt"]
    yield service.candidate("not-privileged-no-new", edits, how, keys, [_CHECK])
