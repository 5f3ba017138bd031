"""Services whose processes may gain privileges."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.compose.service import Service
from workers.fixers.registry import NoFix, Target, fixer

_OPTION = "no-new-privileges:true"
_SETUID = "setuid programs (sudo, su, ping on old systems) stop working in the container"


@fixer(
    name="compose-new-privileges",
    weakness="container",
    rules={"semgrep": ["no-new-privileges"], "kics": ["No New Privileges Not Set"]},
    explain="""A process may gain privileges through a setuid program. `no-new-privileges` sets the kernel's flag that
forbids it to the container and all that it starts. Dropping the capabilities as well takes away what root in the
container still has over others.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The kernel's flag; or the flag and no capabilities."""
    service = Service(target)
    edits = service.add("security_opt", _OPTION)
    if not edits:
        message = f"the service {service.name} has {_OPTION} already"
        raise NoFix(message)
    how = "Nothing that runs in the container can have more privileges than it was started with."
    yield service.candidate("no-new-privileges", edits, how, ["security_opt"], [_SETUID])
    dropped = service.add("cap_drop", "ALL")
    if dropped and service.node.child("cap_add") is None:
        what = f"{how} It also keeps none of root's capabilities."
        needs = "a service that binds a low port, changes owners or switches users needs that capability in `cap_add`"
        keys = ["security_opt", "cap_drop"]
        yield service.candidate("no-new-privileges-drop-all", [*edits, *dropped], what, keys, [_SETUID, needs])
