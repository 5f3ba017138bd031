"""What a container survives, by what is known of its image: its name, its Dockerfile, other manifests that run it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from workers.fixers.docker.build import final_stage, is_root, lineage
from workers.fixers.docker.images import Base, base_of
from workers.fixers.docker.made_user import made_user, renumbered
from workers.fixers.docker.needs_root import refuse_where_root_is_needed, root_words
from workers.fixers.docker.own_base import built_from
from workers.fixers.docker.owner import owners
from workers.fixers.docker.running import TMP
from workers.fixers.docker.service_user import WRITES
from workers.fixers.kubernetes.elsewhere import command, elsewhere, empty_folders, told_places
from workers.fixers.kubernetes.own_files import written_by
from workers.fixers.kubernetes.own_image import dockerfile_of
from workers.fixers.kubernetes.shell_only import shell_only
from workers.fixers.kubernetes.starting import UID, starting
from workers.fixers.kubernetes.workload import Part, Resource, is_true, security, values
from workers.fixers.registry import NoFix
from workers.source.dockerfile import Dockerfile, Stage
from workers.source.yamldoc import Node

_HAS_HOME = re.compile(r"(?:^|[\s\"'/])(?:npm|yarn|pnpm|bundle|dotnet\s+run|go\s+run|cargo|composer|uv)(?=[\s\"',]|$)")
"""What keeps files in the home of whoever starts it."""
_SHELL_WRITES = re.compile(
    r">|\b(?:chgrp|chown|chmod|ping|dd|kill|cp|mkdir|mktemp|mv|rm|tar|tee|touch|unzip|wget|ln|stress|gunzip)\b"
)
_NOWHERE = re.compile(r">>?\s*/dev/\w+|2>&1")
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
    if (number := _own_number(resource, part)) is not None:
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
        return User(int(own.partition(":")[0]), any=not _keeps_home(resource, part))
    return User(UID, any=True)


def needs_capabilities(resource: Resource, part: Part) -> str:
    """Why it may need a capability that root has; empty where what is known of it says that it needs none."""
    known = starting(resource, part)
    if known.root is False or known.any_user or shell(part.node):
        return ""
    if any("ALL" in values(one.get("securityContext", "capabilities", "drop")) for one, _ in elsewhere(resource, part)):
        return ""
    found = _own(resource, part)
    if found is None or "0" in (security(part.node, "runAsUser"), security(resource.pod.node, "runAsUser")):
        return _unknown(part, "which capabilities it starts with")
    file, stage, base = found
    if _own_number(resource, part) is not None:
        return ""
    if root_words(" ".join(command(part.node))) or owners(file, stage) or not base.runs_as_root or base.image in WRITES:
        return _unknown(part, "which capabilities it starts with")
    return _needs_root(resource, file, stage, base)


def writes(resource: Resource, part: Part) -> tuple[str, ...]:
    """The folders beside its volumes that it writes to.

    Raises:
        NoFix: nothing here says which.
    """
    known = starting(resource, part)
    if known.writes or known.reads_only:
        return known.writes
    if shell(part.node):
        return ()
    for one, pod in elsewhere(resource, part):
        folders = empty_folders(one, pod)
        if is_true(security(one, "readOnlyRootFilesystem")) and told_places(part.node) <= told_places(one):
            return folders
    found = _own(resource, part)
    if found is None or root_words(" ".join(command(part.node))):
        raise NoFix(_unknown(part, "which files it writes"))
    file, stage, base = found
    if base.image in WRITES or not (base.runs_as_root or base.family in {"scratch", "distroless"} or base.user):
        raise NoFix(_unknown(part, "which files it writes"))
    if reason := written_by(resource.target.tree, file, stage):
        message = f"{part.node.text('image')} may write to its own folders: {reason}"
        raise NoFix(message)
    if _keeps_home(resource, part):
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


def own_base(resource: Resource, part: Part) -> Base | None:
    """What an image of the repository is built on."""
    found = _own(resource, part)
    return found[2] if found else None


def _unknown(part: Part, what: str) -> str:
    return f"{what} is known to the makers of {part.node.text('image')} alone: nothing in the repository says it"


def shell(node: Node) -> bool:
    """Whether a shell runs commands there that every user may run, and that write nothing."""
    lists = (node.child("command"), node.child("args"))
    text = " ".join(item.value for one in lists if one is not None for item in one.items)
    return shell_only(node) and not _SHELL_WRITES.search(_NOWHERE.sub("", text))


def _own(resource: Resource, part: Part) -> tuple[Dockerfile, Stage, Base] | None:
    """The Dockerfile that builds its image, its last stage, and what that is built on."""
    tree = resource.target.tree
    file = dockerfile_of(tree, part.node.text("image"))
    if file is None or file.windows:
        return None
    stage = final_stage(file)
    chain = built_from(tree, file, stage)
    return (file, stage, base_of(file, stage)) if len(chain) == 1 else None


def _own_number(resource: Resource, part: Part) -> User | None:
    """The ordinary user that the Dockerfile switches to."""
    found = _own(resource, part)
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
    found = _own(resource, part)
    if found is None:
        return _unknown(part, "which user it can run as")
    file, stage, base = found
    tree = resource.target.tree
    if root_words(" ".join(command(part.node))) or _mounts_of_root(resource, part):
        return _unknown(part, "which user may run its command and read its volumes")
    if owners(file, stage) or made_user(file, stage) or base.image in WRITES or base.runs_as_root is False:
        return f"{file.path} gives its files to a user of their own: another one may not write them"
    if not base.runs_as_root and base.family not in {"scratch", "distroless"}:
        return _unknown(part, "which user it can run as")
    if reason := _needs_root(resource, file, stage, base):
        return reason
    if reason := written_by(tree, file, stage):
        return f"{part.node.text('image')} may write files that are root's: {reason}"
    if _keeps_home(resource, part) and not base.user:
        return f"{part.node.text('image')} starts by a tool that writes to its user's home: start the program itself"
    return ""


def _needs_root(resource: Resource, file: Dockerfile, stage: Stage, base: Base) -> str:
    try:
        refuse_where_root_is_needed(resource.target, [(file, stage)], base)
    except NoFix as reason:
        return str(reason)
    return ""


def _keeps_home(resource: Resource, part: Part) -> bool:
    found = _own(resource, part)
    if found is None:
        return True
    commands = [one for each in lineage(*found[:2]) for one in each.all("CMD", "ENTRYPOINT")]
    return any(_HAS_HOME.search(one.text) for one in commands)


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
