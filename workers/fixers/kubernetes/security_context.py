"""Security contexts: privilege escalation, privileged mode, root file system, root user, seccomp."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.changed import if_changed
from workers.fixers.kubernetes.starting import OWNERS, UID, as_own_users, port_settings, starting
from workers.fixers.kubernetes.workload import Part, Resource, is_true, security, values
from workers.fixers.registry import Target, fixer
from workers.source import yamledit
from workers.source.yamldoc import Node
from workers.source.yamledit import Value

RESTRICTED: Mapping[str, Value] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
GENTLE: Mapping[str, Value] = {"allowPrivilegeEscalation": False, "seccompProfile": {"type": "RuntimeDefault"}}
_ADDS_PORTS = frozenset(("NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE", "ALL"))
_ANNOTATION = "seccomp.security.alpha.kubernetes.io/pod"
TEST = "needs a run: an image that relies on what is taken away fails at start"
PRIVILEGED = "the container ran privileged: check what it needed that for"
NON_ROOT = "the image must be able to run as a numeric user other than 0; the kubelet refuses it otherwise"


def in_containers(
    resource: Resource,
    parts: Sequence[Part],
    approach: str,
    context: Mapping[str, Value],
    explanation: str,
    warnings: Sequence[str] = (),
    *,
    pod: Mapping[str, Value] | None = None,
) -> Iterator[Candidate]:
    """The context's keys set in every part's `securityContext`, and those of `pod` in the pod's."""
    wanted = [(part, context) for part in parts]
    if pod:
        own = resource.pod
        others = [(part, context) for part in parts if part.path != own.path]
        wanted = [*others, (own, {**(context if len(others) < len(parts) else {}), **pod})]
    edits = [edit for part, values in wanted for edit in resource.put(part, {"securityContext": values})]
    declares = [
        path
        for part, values in wanted
        for path in resource.declare(part, *(f"securityContext.{key}" for key in values))
    ]
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
    context: dict[str, Value] = {"allowPrivilegeEscalation": False}
    warnings = []
    if any(_privileged(part) for part in parts):
        # The API server refuses a privileged container that may not escalate.
        context["privileged"] = False
        warnings = [PRIVILEGED]
    how = "A process can no longer gain more privileges than its parent: sudo and setuid programs stop working."
    yield from in_containers(resource, parts, "no-privilege-escalation", context, how, warnings)
    yield from _profile(resource, parts, context, warnings)


def _privileged(part: Part) -> bool:
    return is_true(security(part.node, "privileged"))


def _profile(
    resource: Resource, parts: Sequence[Part], context: Mapping[str, Value], warnings: Sequence[str] = ()
) -> Iterator[Candidate]:
    """The restricted profile; for an image that gives root away itself, all of it but the capabilities."""
    if any(starting(resource, part).drops_root for part in parts):
        how = "No process gains privileges, and the runtime filters system calls. The image starts as root and gives "
        how += "that away itself, for which it keeps its capabilities."
        yield from in_containers(resource, parts, "no-escalation-seccomp", {**context, **GENTLE}, how, warnings)
        return
    how = "The restricted Pod Security profile: no escalation, no capabilities, the runtime's system-call filter."
    pod = port_settings(resource, [part for part in parts if not _ADDS_PORTS & set(_added(part.node))])
    whole = {**context, **RESTRICTED}
    yield from in_containers(resource, parts, "restricted-profile", whole, how, [*warnings, TEST], pod=pod)


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
    if resource.kind == "ReplicationController":
        yield from _annotated(resource, wrong, profile)
        return
    privileged = [part for part in resource.containers(lambda _node: True) if _privileged(part)]
    warnings = [PRIVILEGED] if privileged else []
    no_more: dict[str, Value] = {"privileged": False}
    if not wrong:
        how = "All containers of the pod get the runtime's system-call filter."
        yield from in_containers(resource, privileged, "pod-runtime-default", no_more, how, warnings, pod=profile)
    if resource.kind != "CronJob":
        how = "Each container gets the runtime's system-call filter."
        parts = wrong or resource.containers(lacks("seccompProfile", "runtimedefault"))
        # A privileged container runs without a filter, whatever else it says.
        context = profile | (no_more if any(_privileged(part) for part in parts) else {})
        yield from in_containers(resource, parts, "container-runtime-default", context, how, warnings)


def _annotated(resource: Resource, wrong: Sequence[Part], profile: Mapping[str, Value]) -> Iterator[Candidate]:
    """The filter, and the annotation that said so before clusters knew the field: scanners read that of this kind."""
    path = (*resource.path, "spec", "template")
    template = Part(path, resource.root.get("spec", "template") or resource.pod.node)
    note = {"metadata": {"annotations": {_ANNOTATION: "runtime/default"}}}
    how = "gets the runtime's system-call filter; an annotation says the same, as clusters before 1.19 read it."
    for approach, parts, who in (
        ("pod-runtime-default", [] if wrong else [resource.pod], "Each container of the pod"),
        ("container-runtime-default", wrong or resource.containers(lambda _node: True), "Each container"),
    ):
        edits = [edit for part in parts for edit in resource.put(part, {"securityContext": profile})]
        declares = [path for part in parts for path in resource.declare(part, "securityContext.seccompProfile")]
        if edits:
            edits += resource.put(template, note)
            declares += resource.declare(template, "metadata.annotations")
            yield from if_changed(approach, edits, f"{who} {how}", declares)


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
        found = [starting(resource, part) for part in resource.containers(lambda _node: True)]
        if not any(one.root for one in found):
            how = "The kubelet refuses to start any container of the pod as root."
            yield from in_pod(resource, "pod-non-root", {"runAsNonRoot": True}, how, [NON_ROOT])
        elif not any(one.drops_root for one in found):
            named: dict[str, Value] = {"runAsNonRoot": True, "runAsUser": UID}
            how = f"Every container runs as user {UID}, whatever the image says, and never as root."
            named |= port_settings(resource, resource.containers(lambda _node: True))
            yield from in_pod(resource, "pod-non-root-user", named, how, [OWNERS])
        else:
            how = "The pod gets the runtime's system-call filter, and no process of its containers gains privileges."
            parts = [part for part in resource.containers(lambda _node: True) if not _escalates(part.node)]
            no_more: dict[str, Value] = {"allowPrivilegeEscalation": False}
            profile: dict[str, Value] = {"seccompProfile": {"type": "RuntimeDefault"}}
            yield from in_containers(resource, parts, "pod-no-escalation-seccomp", no_more, how, pod=profile)
        return
    parts = resource.containers(_without_context)
    how = "Each container may no longer gain privileges: sudo and setuid programs stop working."
    yield from in_containers(resource, parts, "no-privilege-escalation", {"allowPrivilegeEscalation": False}, how)
    yield from _profile(resource, parts, {})


def _escalates(node: Node) -> bool:
    """Whether the API server would refuse to take escalation from the container, or it says itself what it needs."""
    context = node.child("securityContext")
    return context is not None and (
        is_true(context.text("privileged")) or context.child("allowPrivilegeEscalation") is not None
    )


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
    everything: dict[str, Value] = {"capabilities": {"drop": ["ALL"]}}
    if any(starting(resource, part).drops_root for part in parts):
        yield from _without_root(resource, parts, everything, raw=target.finding.rule == "CKV_K8S_28")
        return
    if any(_privileged(part) for part in parts):
        # It has all of them, whatever it drops.
        how = "The containers are no longer privileged, and lose every capability that they do not add themselves."
        context = {**everything, "privileged": False}
        yield from in_containers(resource, parts, "drop-all-not-privileged", context, how, [TEST, PRIVILEGED])
        how = f"{how} They cannot gain any back."
        context["allowPrivilegeEscalation"] = False
        yield from in_containers(resource, parts, "drop-all-no-escalation", context, how, [TEST, PRIVILEGED])
        return
    how = "The containers lose every capability that they do not add themselves."
    ports = port_settings(resource, [part for part in parts if not _ADDS_PORTS & set(_added(part.node))])
    yield from in_containers(resource, parts, "drop-all", everything, how, [TEST], pod=ports)
    if target.finding.rule == "CKV_K8S_28":
        yield from _without_raw(resource, parts)
    how = "The containers lose every capability and cannot gain any back."
    context = {**everything, "allowPrivilegeEscalation": False}
    yield from in_containers(resource, parts, "drop-all-no-escalation", context, how, [TEST], pod=ports)


def _added(node: Node) -> list[str]:
    return values(node.get("securityContext", "capabilities", "add"))


def _without_root(
    resource: Resource, parts: Sequence[Part], context: Mapping[str, Value], *, raw: bool
) -> Iterator[Candidate]:
    """No capabilities for images that start as root only to become their own user: they start as it."""
    if raw:
        yield from _without_raw(resource, parts)
    how = "The containers start as the users that their images would become by themselves, and without capabilities."
    yield from as_own_users(resource, parts, "drop-all-as-own-user", context, how)
    if any(is_true(security(part.node, "privileged")) for part in parts):
        return
    context = {**context, "allowPrivilegeEscalation": False}
    how = f"{how} They cannot gain any back."
    yield from as_own_users(resource, parts, "drop-all-as-own-user-no-escalation", context, how)


def _without_raw(resource: Resource, parts: Sequence[Part]) -> Iterator[Candidate]:
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
