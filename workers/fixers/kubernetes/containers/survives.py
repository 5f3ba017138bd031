"""What a container survives, by what is known of its image: its name, its Dockerfile, other manifests that run it."""

from __future__ import annotations

from collections.abc import Iterable

from workers.fixers.docker.bases.running import TMP
from workers.fixers.docker.users.needs_root import root_words
from workers.fixers.docker.users.owner import owners
from workers.fixers.docker.users.service_user import WRITES
from workers.fixers.kubernetes.containers.own_build import keeps_home, needs_root, own, shell, to_tmp, unknown
from workers.fixers.kubernetes.containers.own_files import written_by
from workers.fixers.kubernetes.containers.starting import starting
from workers.fixers.kubernetes.containers.whom import own_number
from workers.fixers.kubernetes.manifests.elsewhere import command, elsewhere, empty_folders, told_places
from workers.fixers.kubernetes.manifests.given import acts, told_to_write
from workers.fixers.kubernetes.workload import Part, Resource, is_true, security, values
from workers.fixers.registry import NoFix


def needs_capabilities(resource: Resource, part: Part) -> str:
    """Why it may need a capability that root has; empty where what is known of it says that it needs none."""
    known = starting(resource, part)
    if known.root is False or known.any_user or shell(part.node):
        return ""
    if any("ALL" in values(one.get("securityContext", "capabilities", "drop")) for one, _ in elsewhere(resource, part)):
        return ""
    found = own(resource, part)
    if found is None or "0" in (security(part.node, "runAsUser"), security(resource.pod.node, "runAsUser")):
        return unknown(part, "which capabilities it starts with")
    file, stage, base = found
    if own_number(resource, part) is not None:
        return ""
    if acts(part.node) or root_words(" ".join(command(part.node))):
        return unknown(part, "which capabilities its command takes")
    if owners(file, stage) or not base.runs_as_root or base.image in WRITES:
        return unknown(part, "which capabilities it starts with")
    return needs_root(resource, file)


def writes(resource: Resource, part: Part) -> tuple[str, ...]:
    """The folders beside its volumes that it writes to.

    Raises:
        NoFix: nothing here says which.
    """
    known = starting(resource, part)
    told = told_to_write(part.node, (*known.writes, *filter(None, (known.data, known.must_own))))
    if (known.writes or known.reads_only) and not told:
        return known.writes
    if shell(part.node):
        return (TMP,) if to_tmp(part.node) else ()
    for one, pod in elsewhere(resource, part):
        folders = empty_folders(one, pod)
        if is_true(security(one, "readOnlyRootFilesystem")) and told_places(part.node) <= told_places(one):
            return folders
    if told:
        message = f"{part.node.text('image')} is told of {told}, where it may write, and no volume is there"
        raise NoFix(message)
    found = own(resource, part)
    if found is None or acts(part.node) or root_words(" ".join(command(part.node))):
        raise NoFix(unknown(part, "which files it writes"))
    file, stage, base = found
    if base.image in WRITES or not (base.runs_as_root or base.family in {"scratch", "distroless"} or base.user):
        raise NoFix(unknown(part, "which files it writes"))
    if reason := written_by(resource.target.tree, file, stage, command(part.node)):
        message = f"{part.node.text('image')} may write to its own folders: {reason}"
        raise NoFix(message)
    if keeps_home(resource, part):
        message = f"{part.node.text('image')} starts by a tool that writes to its user's home: start the program itself"
        raise NoFix(message)
    return (TMP,)


def refuse_unasked(resource: Resource, parts: Iterable[Part], what: str) -> None:
    """Leave a container what its manifest asks for, where nobody here knows that its image does without.

    Raises:
        NoFix: nobody does.
    """
    for part in parts:
        known = starting(resource, part)
        if not (known.drops_root or known.any_user or shell(part.node)):
            message = (
                f"the manifest asks for {what}, and what {part.node.text('image')} needs it for, nothing here says"
            )
            raise NoFix(message)
