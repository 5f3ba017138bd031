"""The pieces of root that a container keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.kubernetes.agents import folders_of_node, refuse_agent
from workers.fixers.kubernetes.security_context import ADDS_PORTS, PRIVILEGED, TEST, added, in_containers, privileged
from workers.fixers.kubernetes.starting import as_own_users, port_settings, starting
from workers.fixers.kubernetes.unknown_servers import is_unknown_server, needs_capabilities, refuse_unknown_server
from workers.fixers.kubernetes.workload import Part, Resource, is_true, security, values
from workers.fixers.registry import Target, fixer
from workers.source import yamledit
from workers.source.yamledit import Value


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
    if folders_of_node(resource) and not any(privileged(part) for part in parts):
        if target.finding.rule != "CKV_K8S_28":
            refuse_agent(resource, "its capabilities")
        yield from _without_raw(resource, parts)
        return
    if any(is_unknown_server(resource, part) or needs_capabilities(resource, part) for part in parts):
        if target.finding.rule != "CKV_K8S_28":
            refuse_unknown_server(resource, parts, "which capabilities it starts with")
        yield from _without_raw(resource, parts)
        return
    if any(privileged(part) for part in parts):
        # It has all of them, whatever it drops.
        refuse_agent(resource, "its privilege, with which it has every capability")
        how = "The containers are no longer privileged, and lose every capability that they do not add themselves."
        context = {**everything, "privileged": False}
        yield from in_containers(resource, parts, "drop-all-not-privileged", context, how, [TEST, PRIVILEGED])
        how = f"{how} They cannot gain any back."
        context["allowPrivilegeEscalation"] = False
        yield from in_containers(resource, parts, "drop-all-no-escalation", context, how, [TEST, PRIVILEGED])
        return
    how = "The containers lose every capability that they do not add themselves."
    ports = port_settings(resource, [part for part in parts if not ADDS_PORTS & set(added(part.node))])
    yield from in_containers(resource, parts, "drop-all", everything, how, [TEST], pod=ports)
    if target.finding.rule == "CKV_K8S_28":
        yield from _without_raw(resource, parts)
    how = "The containers lose every capability and cannot gain any back."
    context = {**everything, "allowPrivilegeEscalation": False}
    yield from in_containers(resource, parts, "drop-all-no-escalation", context, how, [TEST], pod=ports)


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
