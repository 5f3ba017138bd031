"""The user and group that containers run as."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.kubernetes.containers.agents import refuse_agent
from workers.fixers.kubernetes.containers.starting import UID, as_own_users, port_settings, starting
from workers.fixers.kubernetes.containers.unknown_servers import refuse_unknown_server
from workers.fixers.kubernetes.containers.whom import User, user_of
from workers.fixers.kubernetes.security_context import TEST, in_containers, in_pod
from workers.fixers.kubernetes.workload import Part, Resource, security
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamldoc import Path
from workers.source.yamltext import Value

_WHO = "which user may read and write its files"
_KEPT = ("persistentVolumeClaim", "hostPath", "nfs", "csi")


@fixer(
    name="kubernetes-root-user",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_23"],
        "trivy": ["KSV012", "KSV-0012", "AVD-KSV-0012", "KSV105", "KSV-0105", "AVD-KSV-0105"],
        "semgrep": ["run-as-non-root", "run-as-non-root-*"],
    },
    explain="""Root in the container is root on the node for whoever breaks out. `runAsNonRoot: true` makes the kubelet
refuse an image that would run as root; `runAsUser` says which user instead, where the image names none. An image that
is known to start as root gets a user along with it: the one that it would become by itself, where it has one.""",
)
def root_user(target: Target) -> Iterator[Candidate]:
    """Refuse root, for the pod or for each container; or name a user."""
    resource = Resource(target)
    refuse_agent(resource, "to be root")
    refuse_unknown_server(resource, resource.containers(lambda _node: True), _WHO)
    parts = resource.containers(lambda _node: True)
    users = {part.path: user_of(resource, part) for part in parts}
    context: dict[str, Value] = {"runAsNonRoot": True}
    if any(starting(resource, part).drops_root for part in parts):
        how = "Each container starts as the user that its image is made for, or does as well with, and never as root."
        yield from as_own_users(resource, parts, "own-user", context, how, users=_beside(resource, parts, users))
        if not _bound(resource, parts) and not _fixed(resource, parts, users):
            how = f"Each container starts as user {UID}, which no host gives away, and never as root."
            yield from as_own_users(resource, parts, "high-user", context, how, users=dict.fromkeys(users, UID))
        return
    if all(one.numeric for one in users.values()) and not _running_as_root(resource):
        what = "The image's user is no root, by its number; the kubelet refuses to start any container that were."
        yield from in_pod(resource, "pod-non-root", context, what)
    numbers = set(_numbers(users).values())
    ports = {**port_settings(resource, parts), **_volume_group(resource)}
    if len(numbers) == 1 and not _overruling(resource):
        number = numbers.pop()
        how = f"Every container runs as user {number}, {_whose(users.values())}, and never as root."
        yield from in_pod(resource, "pod-non-root-user", {**context, "runAsUser": number, **ports}, how)
    how = "Each container runs as an ordinary user, whom its image is made for or does as well with, and never as root."
    yield from as_own_users(
        resource, parts, "container-non-root-user", context, how, users=_numbers(users), pod=_volume_group(resource)
    )


def _beside(resource: Resource, parts: Iterable[Part], users: Mapping[Path, User]) -> dict[Path, int]:
    """The numbers of those whose image would not become a user by itself."""
    return {part.path: users[part.path].number for part in parts if not starting(resource, part).drops_root}


def _fixed(resource: Resource, parts: Iterable[Part], users: Mapping[Path, User]) -> Part | None:
    """A container of which nothing here says that another user than its own can run it."""
    return next((one for one in parts if not (users[one.path].any or starting(resource, one).drops_root)), None)


def _numbers(users: Mapping[Path, User]) -> dict[Path, int]:
    return {path: one.number for path, one in users.items()}


def _whose(users: Iterable[User]) -> str:
    return (
        "as the image or another manifest has it"
        if all(one.own for one in users)
        else "whom nothing in it stands against"
    )


def _overruling(resource: Resource) -> bool:
    """Whether a container says itself as whom it runs, whatever the pod says."""
    parts = resource.containers(lambda _node: True)
    return any(security(part.node, "runAsUser") or security(part.node, "runAsNonRoot") for part in parts)


def _running_as_root(resource: Resource) -> list[Part]:
    """Containers that overrule the pod: with user 0, or with `runAsNonRoot: false`."""
    pod, found = resource.pod, []
    items = pod.node.child("containers")
    for index, node in enumerate(items.items if items else ()):
        if security(node, "runAsUser") == "0" or security(node, "runAsNonRoot").lower() == "false":
            found.append(Part((*pod.path, "containers", index), node))
    return found


def _has_volume(resource: Resource, kinds: Sequence[str]) -> bool:
    """Whether the pod has a volume of these kinds, or claims of its own."""
    volumes = resource.pod.node.child("volumes")
    claims = resource.kind == "StatefulSet" and resource.root.get("spec", "volumeClaimTemplates") is not None
    return claims or any(item.child(kind) for item in (volumes.items if volumes else ()) for kind in kinds)


def _volume_group(resource: Resource) -> dict[str, Value]:
    """The group that claimed volumes are given, so that another user than root can write them."""
    if not _has_volume(resource, ("persistentVolumeClaim",)) or security(resource.pod.node, "fsGroup"):
        return {}
    return {"fsGroup": UID}


def _bound(resource: Resource, parts: list[Part]) -> Part | None:
    """A container that only its image's own user can run: by the image's files, or by those on a lasting volume."""
    kept = _has_volume(resource, _KEPT)
    for part in parts:
        one = starting(resource, part)
        if one.own_files and (one.data is None or (kept and part.node.child("volumeMounts"))):
            return part
    return None


@fixer(
    name="kubernetes-low-user-id",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_40"],
        "trivy": ["KSV020", "KSV-0020", "AVD-KSV-0020"],
    },
    explain="""User ids below 10000 belong to people and services of the host. A process that breaks out of the
container with such an id may own files there. A high id, or a user namespace of the pod's own, belongs to nobody.""",
)
def low_user_id(target: Target) -> Iterator[Candidate]:
    """A high user for the pod, or for each container."""
    resource = Resource(target)
    refuse_agent(resource, "to be root")
    everything = resource.containers(lambda _node: True)
    refuse_unknown_server(resource, everything, _WHO)
    if part := _bound(resource, everything):
        message = (
            f"the files of {part.node.text('image')}, in the image or on its volume, belong to its own user: no other "
            "one can write them until their owner is changed"
        )
        raise NoFix(message)
    users = {part.path: user_of(resource, part) for part in everything}
    if part := _fixed(resource, everything, users):
        message = (
            f"{part.node.text('image')} runs as {users[part.path].number}, and nothing here says that another user may "
            "read and write its files"
        )
        raise NoFix(message)
    numbers = dict.fromkeys(users, UID)
    low = [part for part in everything if security(part.node, "runAsUser") or security(part.node, "runAsNonRoot")]
    if low or any(one.root and (one.low_port or one.data) for one in (starting(resource, each) for each in everything)):
        how = f"Each container starts as user {UID}, which no host gives away."
        yield from as_own_users(resource, everything, "high-user", {}, how, users=numbers)
        never_root: dict[str, Value] = {"runAsNonRoot": True}
        yield from as_own_users(resource, everything, "high-user-non-root", never_root, how, users=numbers)
        return
    ports = {**port_settings(resource, everything), **_volume_group(resource)}
    context: dict[str, Value] = {"runAsUser": UID}
    how = f"Every container of the pod runs as user {UID}, which no host gives away."
    yield from in_pod(resource, "pod-high-user", {**context, **ports}, how)
    how = f"Each container runs as user {UID}, which no host gives away."
    yield from in_containers(resource, everything, "container-high-user", context, how, pod=ports)


@fixer(
    name="kubernetes-low-group-id",
    weakness="container",
    rules={"trivy": ["KSV021", "KSV-0021", "AVD-KSV-0021"]},
    explain="""Group ids below 10000 belong to groups of the host, and a process that breaks out has their access.""",
)
def low_group_id(target: Target) -> Iterator[Candidate]:
    """A high group for each container, or for the pod."""
    resource = Resource(target)
    parts = resource.containers(lambda _node: True)
    context: dict[str, Value] = {"runAsGroup": UID}
    how = f"Each container's primary group is {UID}, which no host gives away."
    yield from in_containers(resource, parts, "container-high-group", context, how, [TEST])
    yield from in_pod(resource, "pod-high-group", context, f"The pod's primary group is {UID}.", [TEST])
