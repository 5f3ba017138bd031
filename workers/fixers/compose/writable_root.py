"""Services whose root file system takes writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate, Edit
from workers.fixers.compose.service import Service
from workers.fixers.registry import NoFix, Target, fixer

_TMP = "/tmp"  # noqa: S108 - a path inside the container
_WRITES = "a program that writes outside of its volumes fails: give it a volume or a tmpfs there"


@fixer(
    name="compose-writable-root",
    weakness="container",
    rules={"semgrep": ["writable-filesystem-service"]},
    explain="""An attacker who can write to the container's file system can put tools and changed programs there. With
`read_only: true` only volumes take writes; a program that needs scratch space gets a tmpfs, which ends with the
container, or a volume: at /tmp, or at the folders that a well-known image writes to when it starts.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """Read-only; with scratch space where the image is known to need it; of no image that nothing is known of."""
    service = Service(target)
    if service.node.text("read_only").lower() == "true":
        message = f"the service {service.name} is read-only already"
        raise NoFix(message)
    known = service.running
    if known.rewrites and not service.mounted(known.rewrites):
        message = (
            f"{known.image} changes its own files in {known.rewrites} when it starts: mount a copy of them there first"
        )
        raise NoFix(message)
    if not (known.writes or known.reads_only):
        message = (
            f"which files {service.node.text('image') or service.name} writes, its makers know: nothing here says it"
        )
        raise NoFix(message)
    edit = service.set("read_only", True)
    if wanted := [path for path in known.writes if not service.mounted(path)]:
        yield from _with_space(service, edit, wanted)
        return
    how = "The root file system takes no writes; only volumes do."
    yield service.candidate("read-only", [edit], how, ["read_only"], [_WRITES])
    if not service.mounted(_TMP) and (scratch := _tmpfs(service, [_TMP])):
        what = "The root file system takes no writes; /tmp stays writable, in memory."
        keys = ["read_only", "tmpfs"]
        yield service.candidate("read-only-with-tmp", [edit, *scratch], what, keys, [_WRITES])


def _with_space(service: Service, edit: Edit, wanted: Sequence[str]) -> Iterator[Candidate]:
    """Read-only, with the folders that the image is known to write to when it starts."""
    how = "The root file system takes no writes; what the image writes when it starts goes to"
    if scratch := _tmpfs(service, wanted):
        keys = ["read_only", "tmpfs"]
        yield service.candidate("read-only-with-scratch", [edit, *scratch], f"{how} memory.", keys, [_WRITES])
    old = service.plain("volumes")
    if old is None or old.items:
        what = f"{how} volumes of their own, which start as a copy of the image's folders."
        keys = ["read_only", "volumes"]
        yield service.candidate(
            "read-only-with-volumes", [edit, *service.add("volumes", *wanted)], what, keys, [_WRITES]
        )


def _tmpfs(service: Service, paths: Sequence[str]) -> list[Edit]:
    """Edits that add folders in memory; none where the service names the only one without a list."""
    old = service.plain("tmpfs")
    return service.add("tmpfs", *paths) if old is None or old.kind == "sequence" else []
