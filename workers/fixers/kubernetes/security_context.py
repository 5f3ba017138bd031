"""Security contexts: privilege escalation, privileged mode, root file system, root user, seccomp."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.kubernetes.workload import Part, Resource, is_true, security, values
from workers.fixers.registry import Target, fixer
from workers.source import yamledit
from workers.source.yamldoc import Node
from workers.source.yamledit import Value

UID = 10001
"""A user above the range that hosts give to people and services."""
RESTRICTED: Mapping[str, Value] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
_TEST = "needs a run: an image that relies on what is taken away fails at start"
_OWNERS = f"files that user {UID} must read or write need its permission"
_NON_ROOT = "the image must be able to run as a numeric user other than 0; the kubelet refuses it otherwise"


def in_containers(
    resource: Resource,
    parts: Sequence[Part],
    approach: str,
    context: Mapping[str, Value],
    explanation: str,
    warnings: Sequence[str] = (),
) -> Iterator[Candidate]:
    """The context's keys set in every part's `securityContext`."""
    edits = [edit for part in parts for edit in resource.put(part, {"securityContext": context})]
    keys = [f"securityContext.{key}" for key in context]
    declares = [path for part in parts for path in resource.declare(part, *keys)]
    candidate = resource.candidate(approach, edits, explanation, declares, warnings)
    if candidate:
        yield candidate


def in_pod(
    resource: Resource, approach: str, context: Mapping[str, Value], explanation: str, warnings: Sequence[str] = ()
) -> Iterator[Candidate]:
    """The context's keys set for the whole pod."""
    yield from in_containers(resource, [resource.pod], approach, context, explanation, warnings)


def lacks(key: str, wanted: str) -> Callable[[Node], bool]:
    """A container whose `securityContext.key` is not `wanted`."""
    return lambda node: security(node, key).lower() != wanted


@fixer(
    name="kubernetes-privilege-escalation",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_20"],
        "trivy": ["KSV001", "KSV-0001", "AVD-KSV-0001"],
        "semgrep": ["allow-privilege-escalation", "allow-privilege-escalation-*"],
    },
    explain="""A process in the container may gain more privileges than its parent, through setuid programs for one.
`allowPrivilegeEscalation: false` sets the kernel's no_new_privs flag, which few programs ever notice. The restricted
profile takes capabilities and unusual system calls away in the same step.""",
)
def privilege_escalation(target: Target) -> Iterator[Candidate]:
    """Forbid it; or apply the restricted profile."""
    resource = Resource(target)
    parts = resource.containers(lacks("allowPrivilegeEscalation", "false"))
    privileged = any(is_true(security(part.node, "privileged")) for part in parts)
    context: dict[str, Value] = {"allowPrivilegeEscalation": False}
    warnings = []
    if privileged:
        # The API server refuses a privileged container that may not escalate.
        context["privileged"] = False
        warnings = ["the container ran privileged: check what it needed that for"]
    how = "A process can no longer gain more privileges than its parent: sudo and setuid programs stop working."
    yield from in_containers(resource, parts, "no-privilege-escalation", context, how, warnings)
    how = "The restricted Pod Security profile: no escalation, no capabilities, the runtime's system-call filter."
    yield from in_containers(resource, parts, "restricted-profile", {**context, **RESTRICTED}, how, [*warnings, _TEST])


@fixer(
    name="kubernetes-privileged",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_16"],
        "trivy": ["KSV017", "KSV-0017", "AVD-KSV-0017"],
        "semgrep": ["privileged-container"],
    },
    explain="""A privileged container has all of the host's devices and capabilities: whoever takes it over has the
node. Most workloads that ask for it need one capability or one device instead.""",
)
def privileged_container(target: Target) -> Iterator[Candidate]:
    """Set it to false; or also take capabilities away."""
    resource = Resource(target)
    parts = resource.containers(lambda node: is_true(security(node, "privileged")))
    warning = "check what the container needed the privilege for, and grant that capability or device alone"
    how = "The container loses the host's devices and all added capabilities."
    yield from in_containers(resource, parts, "not-privileged", {"privileged": False}, how, [warning])
    how = "The container loses the host's privileges and cannot gain any back."
    context: dict[str, Value] = {"privileged": False, "allowPrivilegeEscalation": False}
    yield from in_containers(resource, parts, "not-privileged-no-escalation", context, how, [warning])


@fixer(
    name="kubernetes-writable-root",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_22"],
        "trivy": ["KSV014", "KSV-0014", "AVD-KSV-0014"],
        "semgrep": ["writable-filesystem-container"],
    },
    explain="""An attacker who can write to the container's file system can put tools and changed programs there. With
a read-only root only mounted volumes take writes; a program that needs scratch space gets an emptyDir.""",
)
def writable_root(target: Target) -> Iterator[Candidate]:
    """Make it read-only; with or without scratch space at /tmp."""
    resource = Resource(target)
    parts = resource.containers(lambda node: not is_true(security(node, "readOnlyRootFilesystem")))
    context: dict[str, Value] = {"readOnlyRootFilesystem": True}
    how = "The root file system takes no writes; only mounted volumes do."
    warning = "a program that writes outside its volumes fails: mount an emptyDir there"
    yield from in_containers(resource, parts, "read-only-root", context, how, [warning])
    yield from _with_scratch(resource, parts, context)


def _with_scratch(resource: Resource, parts: Sequence[Part], context: Mapping[str, Value]) -> Iterator[Candidate]:
    pod = resource.pod
    volumes = pod.node.child("volumes")
    names = {item.text("name") for item in volumes.items} if volumes else set()
    mounted = any(_mounts(part.node, "/tmp") for part in parts)  # noqa: S108 - a path inside the container
    if mounted or "tmp" in names or (volumes is not None and (not volumes.items or volumes.kind == "alias")):
        return
    edits = [edit for part in parts for edit in resource.put(part, {"securityContext": context})]
    for part in parts:
        edits += resource.append(part, "volumeMounts", {"name": "tmp", "mountPath": "/tmp"})  # noqa: S108 - as above
    edits += resource.append(pod, "volumes", {"name": "tmp", "emptyDir": {}})
    declares = [
        path
        for part in parts
        for path in resource.declare(part, "securityContext.readOnlyRootFilesystem", "volumeMounts")
    ]
    how = "The root file system takes no writes; /tmp stays writable as an emptyDir that ends with the pod."
    candidate = resource.candidate(
        "read-only-root-with-tmp", edits, how, [*declares, *resource.declare(pod, "volumes")], [_TEST]
    )
    if candidate:
        yield candidate


def _mounts(node: Node, path: str) -> bool:
    mounts = node.child("volumeMounts")
    return mounts is not None and (
        not mounts.items or any(item.text("mountPath").rstrip("/") == path for item in mounts.items)
    )


@fixer(
    name="kubernetes-root-user",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_23"],
        "trivy": ["KSV012", "KSV-0012", "AVD-KSV-0012", "KSV105", "KSV-0105", "AVD-KSV-0105"],
        "semgrep": ["run-as-non-root", "run-as-non-root-*"],
    },
    explain="""Root in the container is root on the node for whoever breaks out. `runAsNonRoot: true` makes the kubelet
refuse an image that would run as root; `runAsUser` says which user instead, where the image names none.""",
)
def root_user(target: Target) -> Iterator[Candidate]:
    """Refuse root, for the pod or for each container; or name a user."""
    resource = Resource(target)
    own = _running_as_root(resource)
    context: dict[str, Value] = {"runAsNonRoot": True}
    named: dict[str, Value] = {"runAsNonRoot": True, "runAsUser": UID}
    if not own:
        how = "The kubelet refuses to start any container of the pod as root."
        yield from in_pod(resource, "pod-non-root", context, how, [_NON_ROOT])
        how = f"Every container runs as user {UID}, whatever the image says, and never as root."
        yield from in_pod(resource, "pod-non-root-user", named, how, [_OWNERS])
        return
    how = "The containers that asked for root run as an ordinary user instead, and so do those that asked for nothing."
    yield from in_containers(resource, [resource.pod, *own], "container-non-root-user", named, how, [_NON_ROOT])


def _running_as_root(resource: Resource) -> list[Part]:
    """Containers that overrule the pod: with user 0, or with `runAsNonRoot: false`."""
    pod, found = resource.pod, []
    items = pod.node.child("containers")
    for index, node in enumerate(items.items if items else ()):
        if security(node, "runAsUser") == "0" or security(node, "runAsNonRoot").lower() == "false":
            found.append(Part((*pod.path, "containers", index), node))
    return found


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
    """A high user for the pod, for each container, or a user namespace."""
    resource = Resource(target)
    low = [
        part
        for part in resource.containers(lambda _node: True)
        if security(part.node, "runAsUser").isdigit() and int(security(part.node, "runAsUser")) < 10_000
    ]
    warning = _OWNERS
    context: dict[str, Value] = {"runAsUser": UID}
    if not low:
        how = f"Every container of the pod runs as user {UID}, which no host gives away."
        yield from in_pod(resource, "pod-high-user", context, how, [warning])
    # A container without a user of its own has the pod's.
    parts = [resource.pod, *low] if low else resource.containers(lambda _node: True)
    how = f"Each container runs as user {UID}, which no host gives away."
    yield from in_containers(resource, parts, "container-high-user", context, how, [warning])


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
    yield from in_containers(resource, parts, "container-high-group", context, how, [_TEST])
    yield from in_pod(resource, "pod-high-group", context, f"The pod's primary group is {UID}.", [_TEST])


@fixer(
    name="kubernetes-seccomp",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_31"],
        "trivy": ["KSV030", "KSV-0030", "AVD-KSV-0030", "KSV104", "KSV-0104", "AVD-KSV-0104"],
        "semgrep": ["seccomp-confinement-disabled"],
    },
    explain="""Without a seccomp profile a container may make every system call, and kernel bugs hide in the rare ones.
`RuntimeDefault` is the container runtime's own filter: it blocks some fifty calls that programs hardly use.""",
)
def seccomp(target: Target) -> Iterator[Candidate]:
    """The runtime's filter, for the pod or for each container."""
    resource = Resource(target)
    profile: dict[str, Value] = {"seccompProfile": {"type": "RuntimeDefault"}}
    wrong = [
        part
        for part in resource.containers(lambda _node: True)
        if security(part.node, "seccompProfile", "type") not in ("", "RuntimeDefault")
    ]
    if not wrong:
        how = "All containers of the pod get the runtime's system-call filter."
        yield from in_pod(resource, "pod-runtime-default", profile, how)
    if resource.kind != "CronJob":
        how = "Each container gets the runtime's system-call filter."
        parts = wrong or resource.containers(lacks("seccompProfile", "runtimedefault"))
        yield from in_containers(resource, parts, "container-runtime-default", profile, how)


@fixer(
    name="kubernetes-no-security-context",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_29", "CKV_K8S_30"],
        "trivy": ["KSV118", "KSV-0118", "AVD-KSV-0118"],
    },
    explain="""Without a security context Kubernetes applies its permissive defaults: all usual capabilities, all
system calls, root if the image says so. Any context beats none; the restricted profile suits most services.""",
)
def no_security_context(target: Target) -> Iterator[Candidate]:
    """A context for the pod or for its containers, gentle or restricted."""
    resource = Resource(target)
    if target.finding.rule.endswith("29"):
        how = "The pod gets the runtime's system-call filter, which few programs notice."
        yield from in_pod(resource, "pod-runtime-default", {"seccompProfile": {"type": "RuntimeDefault"}}, how)
        how = "The kubelet refuses to start any container of the pod as root."
        yield from in_pod(resource, "pod-non-root", {"runAsNonRoot": True}, how, [_NON_ROOT])
        return
    parts = resource.containers(_without_context)
    how = "Each container may no longer gain privileges: sudo and setuid programs stop working."
    yield from in_containers(resource, parts, "no-privilege-escalation", {"allowPrivilegeEscalation": False}, how)
    how = "The restricted Pod Security profile: no escalation, no capabilities, the runtime's system-call filter."
    yield from in_containers(resource, parts, "restricted-profile", RESTRICTED, how, [_TEST])


def _without_context(node: Node) -> bool:
    context = node.child("securityContext")
    return context is None or context.empty


@fixer(
    name="kubernetes-capabilities",
    weakness="container",
    rules={
        "checkov": ["CKV_K8S_28", "CKV_K8S_37"],
        "trivy": ["KSV003", "KSV-0003", "AVD-KSV-0003", "KSV004", "KSV-0004", "AVD-KSV-0004", "KSV106", "KSV-0106",
                  "AVD-KSV-0106"],
    },
    explain="""Containers keep fourteen of root's capabilities by default. NET_RAW lets a process forge packets on the
pod network; most services need none of them. Drop all, then add back the one that is missed.""",
)  # fmt: skip
def capabilities(target: Target) -> Iterator[Candidate]:
    """Drop all; or only NET_RAW, where that is what is asked; or with no way back."""
    resource = Resource(target)
    parts = resource.containers(lambda node: "ALL" not in values(node.get("securityContext", "capabilities", "drop")))
    how = "The containers lose every capability that they do not add themselves."
    everything: dict[str, Value] = {"capabilities": {"drop": ["ALL"]}}
    yield from in_containers(resource, parts, "drop-all", everything, how, [_TEST])
    if target.finding.rule == "CKV_K8S_28":
        edits = []
        for part in parts:
            old = part.node.get("securityContext", "capabilities", "drop")
            if old is not None and old.items:
                edits.append(yamledit.append_item(resource.doc, old, "NET_RAW"))
            else:
                edits += resource.put(part, {"securityContext": {"capabilities": {"drop": ["NET_RAW"]}}})
        declares = [path for part in parts for path in resource.declare(part, "securityContext.capabilities.drop")]
        how = "The containers lose NET_RAW alone: ping and packet tools stop working, nothing else."
        candidate = resource.candidate("drop-net-raw", edits, how, declares)
        if candidate:
            yield candidate
    how = "The containers lose every capability and cannot gain any back."
    safe = [part for part in parts if not is_true(security(part.node, "privileged"))]
    if len(safe) == len(parts):
        context = {**everything, "allowPrivilegeEscalation": False}
        yield from in_containers(resource, parts, "drop-all-no-escalation", context, how, [_TEST])
