"""Services whose root file system takes writes."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.compose.service import Service
from workers.fixers.registry import NoFix, Target, fixer

_WRITES = "a program that writes outside of its volumes fails: give it a volume or a tmpfs there"


@fixer(
    name="compose-writable-root",
    weakness="container",
    rules={"semgrep": ["writable-filesystem-service"]},
    explain="""An attacker who can write to the container's file system can put tools and changed programs there. With
`read_only: true` only volumes take writes; a program that needs scratch space gets a tmpfs, which ends with the
container.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """Read-only; with or without scratch space at /tmp."""
    service = Service(target)
    if service.node.text("read_only").lower() == "true":
        message = f"the service {service.name} is read-only already"
        raise NoFix(message)
    edit = service.set("read_only", True)
    how = "The root file system takes no writes; only volumes do."
    yield service.candidate("read-only", [edit], how, ["read_only"], [_WRITES])
    old = service.plain("tmpfs")
    scratch = service.add("tmpfs", "/tmp") if old is None or old.kind == "sequence" else []  # noqa: S108 - in the container
    if scratch:
        what = "The root file system takes no writes; /tmp stays writable, in memory."
        keys = ["read_only", "tmpfs"]
        yield service.candidate("read-only-with-tmp", [edit, *scratch], what, keys, [_WRITES])
