"""Services whose processes may gain privileges."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.compose.service import Service
from workers.fixers.registry import NoFix, Target, fixer

_OPTION = "no-new-privileges:true"
_ROOTS = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID")
"""What entry points use that start as root: they give folders to the service's user, become it, and stop it again."""
_SETUID = "setuid programs (sudo, su, ping on old systems) stop working in the container"


@fixer(
    name="compose-new-privileges",
    weakness="container",
    rules={"semgrep": ["no-new-privileges"], "kics": ["No New Privileges Not Set"]},
    explain="""A process may gain privileges through a setuid program. `no-new-privileges` sets the kernel's flag that
forbids it to the container and all that it starts. Dropping capabilities as well takes away what root in the container
still has over others; an image that starts as root and becomes another user needs a few of them until then.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The kernel's flag; or the flag and no capabilities, or the few that a start as root takes."""
    service = Service(target)
    edits = service.add("security_opt", _OPTION)
    if not edits:
        message = f"the service {service.name} has {_OPTION} already"
        raise NoFix(message)
    how = "Nothing that runs in the container can have more privileges than it was started with."
    yield service.candidate("no-new-privileges", edits, how, ["security_opt"], [_SETUID])
    dropped = service.add("cap_drop", "ALL")
    if not dropped or service.node.child("cap_add") is not None:
        return
    keys = ["security_opt", "cap_drop"]
    if service.running.root is False:
        what = f"{how} It also has no capabilities, which a program that is not root's makes no use of."
        yield service.candidate("no-new-privileges-drop-all", [*edits, *dropped], what, keys, [_SETUID])
        return
    kept = service.add("cap_add", *_ROOTS)
    what = f"{how} Of root's capabilities it keeps what it takes to hand its files and itself over to another user."
    needs = "a service that does more as root, as changing the network's settings, needs that capability in `cap_add`"
    yield service.candidate(
        "no-new-privileges-few-capabilities", [*edits, *dropped, *kept], what, [*keys, "cap_add"], [_SETUID, needs]
    )
