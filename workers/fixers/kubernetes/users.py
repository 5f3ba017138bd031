"""The user and group that containers run as."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.kubernetes.agents import refuse_agent
from workers.fixers.kubernetes.security_context import NON_ROOT, TEST, in_containers, in_pod
from workers.fixers.kubernetes.starting import OWNERS, UID, as_own_users, port_settings, starting
from workers.fixers.kubernetes.unknown_servers import refuse_unknown_server
from workers.fixers.kubernetes.workload import Part, Resource, security
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.yamledit import Value

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
    own = _running_as_root(resource)
    context: dict[str, Value] = {"runAsNonRoot": True}
    named: dict[str, Value] = {"runAsNonRoot": True, "runAsUser": UID}
    parts = resource.containers(lambda _node: True)
    if any(starting(resource, part).drops_root for part in parts):
        how = "Each container starts as the user that its image would become by itself, and never as root."
        yield from as_own_users(resource, parts, "own-user", context, how)
        if not _bound(resource, parts):
            how = f"Each container starts as user {UID}, which no host gives away, and never as root."
            yield from as_own_users(resource, parts, "high-user", context, how, user=UID)
        return
    ports = {**port_settings(resource, parts), **_volume_group(resource)}
    if own:
        how = "The containers that asked for root run as an ordinary user, and so do those that asked for nothing."
        every = [resource.pod, *own]
        yield from in_containers(resource, every, "container-non-root-user", named, how, [NON_ROOT], pod=ports)
        return
    how = f"Every container runs as user {UID}, whatever the image says, and never as root."
    if not any(starting(resource, part).root for part in parts):
        what = "The kubelet refuses to start any container of the pod as root."
        yield from in_pod(resource, "pod-non-root", context, what, [NON_ROOT])
        yield from in_pod(resource, "pod-non-root-user", {**named, **ports}, how, [OWNERS])
        return
    yield from in_pod(resource, "pod-non-root-user", {**named, **ports}, how, [OWNERS])
    yield from in_containers(resource, parts, "container-non-root-user", named, how, [OWNERS], pod=ports)


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
    low = [
        part
        for part in everything
        if security(part.node, "runAsUser").isdigit() and int(security(part.node, "runAsUser")) < 10_000
    ]
    if any(one.root and (one.low_port or one.data) for one in (starting(resource, part) for part in everything)):
        how = f"Each container starts as user {UID}, which no host gives away."
        yield from as_own_users(resource, everything, "high-user", {}, how, user=UID)
        never_root: dict[str, Value] = {"runAsNonRoot": True}
        yield from as_own_users(resource, everything, "high-user-non-root", never_root, how, user=UID)
        return
    ports = {**port_settings(resource, everything), **_volume_group(resource)}
    context: dict[str, Value] = {"runAsUser": UID}
    if not low:
        how = f"Every container of the pod runs as user {UID}, which no host gives away."
        yield from in_pod(resource, "pod-high-user", {**context, **ports}, how, [OWNERS])
    # A container without a user of its own has the pod's.
    parts = [resource.pod, *low] if low else everything
    how = f"Each container runs as user {UID}, which no host gives away."
    yield from in_containers(resource, parts, "container-high-user", context, how, [OWNERS], pod=ports)


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
