"""As whom a container can start: by what is known of its image, its Dockerfile, other manifests that run it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from workers.fixers.docker.build import is_root, lineage
from workers.fixers.docker.users.made_user import made_user, renumbered
from workers.fixers.docker.users.needs_root import root_words
from workers.fixers.docker.users.owner import owners
from workers.fixers.docker.users.service_user import WRITES
from workers.fixers.kubernetes.containers.own_build import keeps_home, needs_root, own, own_base, shell, unknown
from workers.fixers.kubernetes.containers.own_files import written_by
from workers.fixers.kubernetes.containers.starting import UID, starting
from workers.fixers.kubernetes.manifests.elsewhere import command, elsewhere
from workers.fixers.kubernetes.manifests.given import acts, told_to_write
from workers.fixers.kubernetes.workload import Part, Resource, is_true, security
from workers.fixers.registry import NoFix
from workers.source.yamldoc import Node

_HERE = ("hostPath", "nfs", "csi")


class User(msgspec.Struct, frozen=True):
    """Whom a container can start as."""

    number: int
    own: bool = False
    """Whether it starts as that user already, becomes it by itself, or is run as it by another manifest."""
    numeric: bool = False
    """Whether the kubelet sees by itself that this is not root."""
    any: bool = False
    """Whether another user would do as well."""


def user_of(resource: Resource, part: Part) -> User:
    """Whom it can start as.

    Raises:
        NoFix: nothing here says.
    """
    known = starting(resource, part)
    said = security(part.node, "runAsUser") or security(resource.pod.node, "runAsUser")
    if said.isdigit() and said != "0":
        any_user = said != known.own_user and (_only_reads(resource, part) or not _any_user(resource, part))
        return User(int(said), own=True, numeric=True, any=any_user)
    if known.user and known.user.isdigit():
        return User(int(known.user), own=True, numeric=known.numeric, any=known.any_user)
    if known.any_user or shell(part.node):
        return User(UID, any=True)
    if said == "0":
        message = f"the manifest asks for root, and what {part.node.text('image')} needs it for, nothing here says"
        raise NoFix(message)
    if (number := own_number(resource, part)) is not None:
        return number
    others = (
        set()
        if _mounts_of_root(resource, part)
        else {security(one, "runAsUser") or security(pod, "runAsUser") for one, pod in elsewhere(resource, part)}
    )
    numbers = {int(one) for one in others if one.isdigit() and one != "0"}
    if len(numbers) == 1:
        return User(numbers.pop(), own=True)
    if reason := _any_user(resource, part):
        raise NoFix(reason)
    base = own_base(resource, part)
    if base is None:
        return User(UID, any=True)
    own = base.number(base.user) if base.user else None
    if own and base.image not in WRITES:
        return User(int(own.partition(":")[0]), any=not keeps_home(resource, part))
    return User(UID, any=True)


def own_number(resource: Resource, part: Part) -> User | None:
    """The ordinary user that the Dockerfile switches to."""
    found = own(resource, part)
    if found is None:
        return None
    file, stage, base = found
    users = [one.text.strip("'\"") for each in lineage(file, stage) for one in reversed(each.all("USER"))]
    name = users[0].partition(":")[0] if users else ("nonroot" if base.runs_as_root is False and base.user else "")
    if not name or is_root(name) or "$" in name:
        return None
    if name.isdigit():
        return User(int(name), own=True, numeric=True)
    made = made_user(file, stage)
    number = made[1] if made and made[0] == name else base.number(name if users else base.user or "")
    if number is None or renumbered(file, stage, name):
        return None
    return User(int(number.partition(":")[0]), own=True, numeric=not users and base.family == "distroless")


def _any_user(resource: Resource, part: Part) -> str:
    """Why it may need its own user; empty where what is known of it says that any will do."""
    known = starting(resource, part)
    if known.any_user or shell(part.node):
        return ""
    found = own(resource, part)
    if found is None:
        return unknown(part, "which user it can run as")
    file, stage, base = found
    tree = resource.target.tree
    if acts(part.node) or root_words(" ".join(command(part.node))) or _mounts_of_root(resource, part):
        return unknown(part, "which user may run its command and read its volumes")
    if told := told_to_write(part.node):
        return f"{part.node.text('image')} is told of {told}, where it may write, and whose that is nothing here says"
    if owners(file, stage) or made_user(file, stage) or base.image in WRITES or base.runs_as_root is False:
        return f"{file.path} gives its files to a user of their own: another one may not write them"
    if not base.runs_as_root and base.family not in {"scratch", "distroless"}:
        return unknown(part, "which user it can run as")
    if reason := needs_root(resource, file):
        return reason
    if reason := written_by(tree, file, stage, command(part.node)):
        return f"{part.node.text('image')} may write files that are root's: {reason}"
    if keeps_home(resource, part) and not base.user:
        return f"{part.node.text('image')} starts by a tool that writes to its user's home: start the program itself"
    return ""


def _mounts_of_root(resource: Resource, part: Part) -> bool:
    """Whether it has volumes whose files only root may read or write."""
    mounts, volumes = part.node.child("volumeMounts"), resource.pod.node.child("volumes")
    names = {one.text("name") for one in (mounts.items if mounts else ())}
    for one in volumes.items if volumes else ():
        if one.text("name") in names and (
            any(one.child(kind) for kind in _HERE) or any(key.value == "defaultMode" for key, _ in _inner(one))
        ):
            return True
    return False


def _inner(node: Node) -> Iterator[tuple[Node, Node]]:
    for _, value in node.entries:
        yield from value.entries


def _only_reads(resource: Resource, part: Part) -> bool:
    """Whether it writes to nothing but volumes that are made anew with the pod: none of its files has an owner that
    another user would have to be.
    """
    volumes = resource.pod.node.child("volumes")
    lasting = resource.kind == "StatefulSet" or any(
        one.child(kind) for one in (volumes.items if volumes else ()) for kind in (*_HERE, "persistentVolumeClaim")
    )
    return (
        is_true(security(part.node, "readOnlyRootFilesystem")) and not lasting and not _mounts_of_root(resource, part)
    )
