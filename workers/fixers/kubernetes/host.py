"""The host's namespaces, ports, capabilities and container socket."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.finding import rule_name
from daemon.domain.fix import Candidate, Edit
from workers.fixers.kubernetes.containers.agents import refuse_agent
from workers.fixers.kubernetes.containers.starting import opens_low_port, starting
from workers.fixers.kubernetes.containers.survives import refuse_unasked
from workers.fixers.kubernetes.containers.unknown_servers import refuse_unknown_server
from workers.fixers.kubernetes.policy_pods import Pods
from workers.fixers.kubernetes.workload import Part, Resource, is_true, values
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import yamledit
from workers.source.yamldoc import Node

_NAMESPACES = {
    "17": "hostPID",
    "18": "hostIPC",
    "19": "hostNetwork",
    "10": "hostPID",
    "08": "hostIPC",
    "09": "hostNetwork",
}
_ADDS_PORTS = frozenset(("NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE"))
_SOCKETS = (
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/var/run/containerd/containerd.sock",
    "/var/run/crio/crio.sock",
)


@fixer(
    name="kubernetes-host-namespace",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_17", "CKV_K8S_18", "CKV_K8S_19"],
        "trivy": ["KSV008", "KSV009", "KSV010", "KSV-0008", "KSV-0009", "KSV-0010", "AVD-KSV-0008", "AVD-KSV-0009",
                  "AVD-KSV-0010"],
        "semgrep": ["hostpid-pod", "hostipc-pod", "hostnetwork-pod"],
    },
    explain="""A pod in the host's process, IPC or network namespace sees the processes, shared memory or traffic of
everything on the node, and can often act on it. Few workloads beside node agents need that.""",
)  # fmt: skip
def host_namespace(target: Target) -> Iterator[Candidate]:
    """Say false; or say nothing, which is the default."""
    resource = Resource(target)
    pod = resource.pod
    key = _namespace(target.finding.rule, pod.node)
    refuse_agent(resource, key)
    refuse_unasked(resource, resource.containers(lambda _node: True), key)
    how = f"The pod gets a namespace of its own instead of the host's ({key})."
    warning = "a node agent that inspects the host stops seeing it"
    edits = resource.put(pod, {key: False})
    candidate = resource.candidate("own-namespace", edits, how, resource.declare(pod, key), [warning])
    if candidate:
        yield candidate
    if len(pod.node.entries) > 1:
        edits = [yamledit.delete_key(resource.doc, pod.node, key)]
        declares = resource.declare(pod, f"{key}/delete")
        candidate = resource.candidate(
            "default-namespace", edits, f"{how} Without {key} that is the default.", declares, [warning]
        )
        if candidate:
            yield candidate


def _namespace(rule: str, pod: Node) -> str:
    name = rule_name(rule).lower()
    known = {"hostpid-pod": "hostPID", "hostipc-pod": "hostIPC", "hostnetwork-pod": "hostNetwork"}
    key = known.get(name) or _NAMESPACES.get(name[-2:], "")
    if not is_true(pod.text(key)):
        message = f"the pod does not share the host's namespace ({key} is not true)"
        raise NoFix(message)
    return key


@fixer(
    name="kubernetes-host-port",
    weakness="container",
    rules={"checkov": ["CKV_K8S_26"], "trivy": ["KSV024", "KSV-0024", "AVD-KSV-0024"]},
    explain="""A hostPort opens the container's port on the node itself, past Services and network policies, and only
one such pod fits on each node. A Service reaches the containerPort without it.""",
)
def host_port(target: Target) -> Iterator[Candidate]:
    """Leave the container's port, without the node's."""
    resource = Resource(target)
    parts = resource.containers(lambda node: bool(_host_ports(node)))
    if resource.kind == "DaemonSet" or not Pods(resource).outside:
        message = (
            "nothing else of the repository leads to the container from outside of the cluster: whoever reaches it "
            "there does by the node's port"
        )
        raise NoFix(message)
    edits, declares = [], []
    for part in parts:
        for index in _host_ports(part.node):
            port = part.node.get("ports", index)
            if port is not None and len(port.entries) > 1:
                edits.append(yamledit.delete_key(resource.doc, port, "hostPort"))
                declares += resource.declare(part, f"ports[{index}].hostPort/delete")
    how = "The port is reached through the pod's own address or a Service, no longer through the node's."
    warning = "clients that use the node's address need a Service (NodePort, LoadBalancer) instead"
    candidate = resource.candidate("no-host-port", edits, how, declares, [warning])
    if candidate:
        yield candidate


def _host_ports(node: Node) -> list[int]:
    ports = node.child("ports")
    return [index for index, port in enumerate(ports.items) if port.child("hostPort")] if ports else []


@fixer(
    name="kubernetes-added-capabilities",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_25", "CKV_K8S_39"],
        "trivy": ["KSV005", "KSV022", "KSV-0005", "KSV-0022", "AVD-KSV-0005", "AVD-KSV-0022"],
    },
    explain="""Each added capability is a piece of root. SYS_ADMIN is most of it: mount, namespaces, devices.""",
)
def added_capabilities(target: Target) -> Iterator[Candidate]:
    """Add none; or all but SYS_ADMIN, where that is what is asked."""
    resource = Resource(target)
    refuse_agent(resource, "its capabilities")
    parts = resource.containers(lambda node: bool(values(node.get("securityContext", "capabilities", "add"))))
    only_admin = target.finding.rule.endswith(("_39", "005", "0005"))
    warning = "check what the container used the capability for"
    if only_admin:
        refuse_unasked(resource, parts, "capabilities")
        yield from _without_sys_admin(resource, parts, warning)
    refuse_unknown_server(resource, parts, "what it uses its capabilities for")
    edits = [edit for part in parts for edit in _no_additions(resource, part)]
    own = [part for part in parts if starting(resource, part).drops_root and "ALL" in _dropped(part)]
    if image := next((one.image for part in own if (one := starting(resource, part)).low_port), None):
        message = f"{image} starts as root and keeps only these capabilities: it needs them to become its own user"
        raise NoFix(message)
    if any(_ADDS_PORTS & set(_added(part)) and opens_low_port(resource, part) for part in parts):
        message = (
            "NET_BIND_SERVICE opens the container's port below 1024, by its program's own file capability as a rule; "
            "it is the one capability that the restricted profile lets a container add"
        )
        raise NoFix(message)
    refuse_unasked(resource, parts, "capabilities")
    declares = [
        path
        for part in parts
        for path in resource.declare(
            part, "securityContext.capabilities.add/delete", "securityContext.capabilities/delete"
        )
    ]
    for part in own:
        # It starts as the user that these capabilities let it become.
        user = resource.put(part, {"securityContext": {"runAsUser": int(starting(resource, part).user or 0)}})
        edits = _in_place(edits, user)
        declares += resource.declare(part, "securityContext.runAsUser")
    how = "The containers add no capabilities to those that they have."
    candidate = resource.candidate("no-added-capabilities", edits, how, declares, [warning])
    if candidate:
        yield candidate


def _added(part: Part) -> list[str]:
    return values(part.node.get("securityContext", "capabilities", "add"))


def _dropped(part: Part) -> list[str]:
    return values(part.node.get("securityContext", "capabilities", "drop"))


def _in_place(edits: list[Edit], new: list[Edit]) -> list[Edit]:
    """New lines among edits; one behind lines that go takes their place, for edits may not overlap."""
    found = list(edits)
    for one in new:
        gone = next((edit for edit in found if edit.start < one.start < edit.end and not edit.text), None)
        if gone is None:
            found.append(one)
            continue
        ending = "\r\n" if one.text.startswith("\r") else "\n"
        found.remove(gone)
        found.append(Edit(path=gone.path, start=gone.start, end=gone.end, text=one.text.strip("\r\n") + ending))
    return found


def _no_additions(resource: Resource, part: Part) -> list[Edit]:
    context, holder = part.node.get("securityContext"), part.node.get("securityContext", "capabilities")
    if context is None or holder is None or not holder.entries:
        return []
    if len(holder.entries) == 1 and len(context.entries) > 1:
        return [yamledit.delete_key(resource.doc, context, "capabilities")]
    return [yamledit.delete_key(resource.doc, holder, "add")]


def _without_sys_admin(resource: Resource, parts: list[Part], warning: str) -> Iterator[Candidate]:
    edits, declares = [], []
    for part in parts:
        added = part.node.get("securityContext", "capabilities", "add")
        for index, item in enumerate(added.items if added else ()):
            if added is not None and item.value.upper() in ("SYS_ADMIN", "CAP_SYS_ADMIN"):
                edits.append(yamledit.delete_item(resource.doc, added, index))
                declares += resource.declare(part, "securityContext.capabilities.add/delete")
    how = "The containers lose SYS_ADMIN and keep what else they add."
    candidate = resource.candidate("no-sys-admin", edits, how, declares, [warning])
    if candidate:
        yield candidate


@fixer(
    name="kubernetes-container-socket",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_27"],
        "trivy": ["KSV006", "KSV-0006", "AVD-KSV-0006"],
        "semgrep": ["exposing-docker-socket-hostpath"],
    },
    explain="""Whoever can talk to the node's container runtime can start a privileged container there: the socket is
the node. Builds have rootless tools; monitoring has the kubelet's read-only API.""",
)
def container_socket(target: Target) -> Iterator[Candidate]:
    """Take the volume and its mounts away."""
    resource = Resource(target)
    pod = resource.pod
    volumes = pod.node.child("volumes")
    sockets = [
        (index, item)
        for index, item in enumerate(volumes.items if volumes else ())
        if item.text("hostPath", "path") in _SOCKETS
    ]
    if volumes is None or not sockets:
        message = "no volume of the pod is the container runtime's socket"
        raise NoFix(message)
    names = {item.text("name") for _, item in sockets}
    refuse_unasked(resource, resource.containers(lambda _node: True), "the runtime's socket")
    edits = [yamledit.delete_item(resource.doc, volumes, index) for index, _ in sockets[:1]]
    declares = resource.declare(pod, "volumes/delete")
    for part in resource.containers(lambda _node: True):
        mounts = part.node.child("volumeMounts")
        mine = [index for index, item in enumerate(mounts.items if mounts else ()) if item.text("name") in names]
        if mounts is not None and mine:
            edits += [yamledit.delete_item(resource.doc, mounts, index) for index in mine]
            declares += resource.declare(part, "volumeMounts/delete")
    how = "The pod can no longer reach the node's container runtime."
    candidate = resource.candidate(
        "no-socket", edits, how, declares, ["what used the socket stops working: it needs another way"]
    )
    if candidate and len(sockets) == 1:
        yield candidate
