"""Security contexts: privilege escalation, privileged mode, root file system, root user, seccomp."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.kubernetes.containers.agents import folders_of_node, refuse_agent
from workers.fixers.kubernetes.containers.starting import port_settings, starting
from workers.fixers.kubernetes.containers.survives import needs_capabilities, refuse_unasked
from workers.fixers.kubernetes.containers.unknown_servers import is_unknown_server
from workers.fixers.kubernetes.workload import Part, Resource, is_true, security, values
from workers.fixers.registry import Target, fixer
from workers.source.images import split
from workers.source.yamldoc import Node
from workers.source.yamltext import Value

RESTRICTED: Mapping[str, Value] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
GENTLE: Mapping[str, Value] = {"allowPrivilegeEscalation": False, "seccompProfile": {"type": "RuntimeDefault"}}
_PORTS = "NET_BIND_SERVICE"
ADDS_PORTS = frozenset((_PORTS, "CAP_NET_BIND_SERVICE", "ALL"))
_FILE_CAPABILITIES = re.compile(r"(?:^|/)(?:coredns|caddy|adguardhome|ingress-nginx/controller)$")
"""Images whose program's file asks for `NET_BIND_SERVICE`: the kernel starts it nowhere where nobody may have that."""
TEST = "needs a run: an image that relies on what is taken away fails at start"
PRIVILEGED = "the container ran privileged: check what it needed that for"


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
    wanted = [(part, _with_capabilities(part, context)) for part in parts]
    if pod:
        own = resource.pod
        others = [each for each in wanted if each[0].path != own.path]
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


def _with_capabilities(part: Part, context: Mapping[str, Value]) -> Mapping[str, Value]:
    """The context; where it drops all capabilities, with the one that the image's program has to be given."""
    dropped = context.get("capabilities")
    found = _FILE_CAPABILITIES.search(split(part.node.text("image"))[0])
    if not isinstance(dropped, dict) or found is None or ADDS_PORTS & set(added(part.node)):
        return context
    return {**context, "capabilities": {**dropped, "add": [*added(part.node), _PORTS]}}


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
    if any(privileged(part) for part in parts):
        # The API server refuses a privileged container that may not escalate.
        refuse_agent(resource, "its privilege")
        refuse_unasked(resource, [part for part in parts if privileged(part)], "privilege")
        context["privileged"] = False
        warnings = [PRIVILEGED]
    refuse_unasked(resource, [part for part in parts if gains(resource, part)], "gaining privileges")
    how = "A process can no longer gain more privileges than its parent: sudo and setuid programs stop working."
    yield from in_containers(resource, parts, "no-privilege-escalation", context, how, warnings)
    yield from _profile(resource, parts, context, warnings)


def added(node: Node) -> list[str]:
    """The capabilities that a container adds."""
    return values(node.get("securityContext", "capabilities", "add"))


def gains(resource: Resource, part: Part) -> bool:
    """Whether the manifest lets a container gain privileges by name, or adds what only its program's file can gain."""
    if is_true(security(part.node, "allowPrivilegeEscalation")):
        return True
    user = security(part.node, "runAsUser") or security(resource.pod.node, "runAsUser")
    never = security(part.node, "runAsNonRoot") or security(resource.pod.node, "runAsNonRoot")
    return bool(added(part.node)) and (user not in ("", "0") or is_true(never))


def privileged(part: Part) -> bool:
    """Whether a container runs privileged."""
    return is_true(security(part.node, "privileged"))


def _profile(
    resource: Resource, parts: Sequence[Part], context: Mapping[str, Value], warnings: Sequence[str] = ()
) -> Iterator[Candidate]:
    """The restricted profile; where root may be needed to start, or nobody knows, all of it but the capabilities."""
    if folders_of_node(resource) or any(
        starting(resource, part).drops_root or is_unknown_server(resource, part) or needs_capabilities(resource, part)
        for part in parts
    ):
        how = "No process gains privileges, and the runtime filters system calls. The container keeps the "
        how += "capabilities that it starts with, and may need."
        yield from in_containers(resource, parts, "no-escalation-seccomp", {**context, **GENTLE}, how, warnings)
        return
    how = "The restricted Pod Security profile: no escalation, no capabilities, the runtime's system-call filter."
    pod = port_settings(resource, [part for part in parts if not ADDS_PORTS & set(added(part.node))])
    whole = {**context, **RESTRICTED}
    yield from in_containers(resource, parts, "restricted-profile", whole, how, warnings, pod=pod)


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
    refuse_agent(resource, "its privilege")
    refuse_unasked(resource, parts, "privilege")
    warning = "check what the container needed the privilege for, and grant that capability or device alone"
    how = "The container loses the host's devices and all added capabilities."
    yield from in_containers(resource, parts, "not-privileged", {"privileged": False}, how, [warning])
    how = "The container loses the host's privileges and cannot gain any back."
    context: dict[str, Value] = {"privileged": False, "allowPrivilegeEscalation": False}
    yield from in_containers(resource, parts, "not-privileged-no-escalation", context, how, [warning])


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
        every = resource.containers(lambda _node: True)
        how = "The pod gets the runtime's system-call filter, and no process of its containers gains privileges."
        parts = [part for part in every if not _escalates(part.node)]
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
