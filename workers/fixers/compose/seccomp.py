"""Services without the system-call filter or the label confinement."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.compose.service import Service
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import yamledit, yamltext

_OFF = re.compile(r"(?:seccomp|apparmor)[:=]unconfined|label[:=]disable")
_NEW = "no-new-privileges:true"


@fixer(
    name="compose-confinement",
    weakness="container",
    rules={
        "semgrep": ["seccomp-confinement-disabled", "selinux-separation-disabled", "apparmor-confinement-disabled"],
        "kics": ["Security Opt Not Set"],
    },
    explain="""Docker's seccomp profile blocks some fifty system calls that programs hardly use and kernel exploits
love; SELinux labels and AppArmor keep a container's files and processes apart from the host's. Switching one off is
usually left over from debugging.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The option goes; or gives its place to `no-new-privileges`."""
    service = Service(target)
    options = service.plain("security_opt")
    found = [index for index, item in enumerate(options.items if options else ()) if _OFF.fullmatch(item.value)]
    if options is None or not found:
        message = f"the service {service.name} switches no confinement off"
        raise NoFix(message)
    item = options.items[found[0]]
    how = f"Without `{item.value}` the container runs under Docker's own confinement again."
    warning = "a debugger or a browser's own sandbox may need one of the calls: give it a profile that allows just that"
    alone = len(options.items) == 1
    edit = service.delete("security_opt") if alone else yamledit.delete_item(service.doc, options, found[0])
    keys = ["security_opt/delete", "security_opt.*/delete"]
    yield service.candidate("remove-option", [edit], how, keys, [warning])
    if _NEW not in {each.value for each in options.items}:
        what = f"{how} In its place, no process may gain privileges."
        text = yamltext.scalar(_NEW, flow=options.flow)
        replaced = yamledit.edit(service.doc, item.start, item.end, text)
        yield service.candidate("no-new-privileges-instead", [replaced], what, ["security_opt"], [warning])
