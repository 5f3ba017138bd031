"""The pieces of root that a container keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from daemon.domain.fix import Candidate
from workers.fixers.kubernetes.containers.agents import folders_of_node, refuse_agent
from workers.fixers.kubernetes.containers.starting import as_own_users, port_settings, starting
from workers.fixers.kubernetes.containers.survives import needs_capabilities, refuse_unasked
from workers.fixers.kubernetes.containers.unknown_servers import refuse_unknown_server
from workers.fixers.kubernetes.security_context import ADDS_PORTS, PRIVILEGED, added, gains, in_containers, privileged
from workers.fixers.kubernetes.workload import Part, Resource, is_true, security, values
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import yamledit
from workers.source.yamltext import Value

_PACKETS = re.compile(
    r"(?:^|[/_-])(?:ping|blackbox|smokeping|keepalived|tcpdump|tshark|wireshark|netshoot|nmap|scapy|iperf|mtr|netperf|"
    r"metallb|speaker|dnsmasq|chaos\w*|toxiproxy|network-multitool|kube-vip|uptime-kuma|gatus|statping\w*|cloudprober|"
    r"zabbix|librenms|nagios\d?|icinga2?|checkmk|check-mk|telegraf|home-?assistant|pihole|netdata|ntopng|suricata|zeek|"
    r"snort|arpwatch|netalertx|pialert|wireguard|openvpn|gluetun|tailscale|zerotier|proxyv2|proxy-init|istio-cni|"
    r"calico|cilium|flannel|weave|antrea|multus|kube-router|kube-ovn)(?:[_:@/-]|$)"
)
_RAW = frozenset(("NET_RAW", "CAP_NET_RAW", "ALL"))


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
    if all(starting(resource, part).drops_root or not needs_capabilities(resource, part) for part in parts) and any(
        starting(resource, part).drops_root for part in parts
    ):
        yield from _without_root(resource, parts, everything, raw=target.finding.rule == "CKV_K8S_28")
        return
    if folders_of_node(resource) and not any(privileged(part) for part in parts):
        if target.finding.rule != "CKV_K8S_28":
            refuse_agent(resource, "its capabilities")
        yield from _without_raw(resource, parts)
        return
    # What gives its capabilities away by itself is known, and stands in nobody's way alone.
    asked = sorted(parts, key=lambda part: starting(resource, part).drops_root)
    unknown = next((why for part in asked if (why := needs_capabilities(resource, part))), "")
    if target.finding.rule == "CKV_K8S_28" and not any(privileged(part) for part in parts):
        yield from _without_raw(resource, parts)
        if unknown:
            yield from _without_raw(resource, parts, no_more=True)
            return
    refuse_unknown_server(resource, parts, "which capabilities it starts with")
    if unknown:
        raise NoFix(unknown)
    if any(privileged(part) for part in parts):
        # It has all of them, whatever it drops.
        refuse_agent(resource, "its privilege, with which it has every capability")
        refuse_unasked(resource, parts, "privilege, with which it has every capability")
        how = "The containers are no longer privileged, and lose every capability that they do not add themselves."
        context = {**everything, "privileged": False}
        yield from in_containers(resource, parts, "drop-all-not-privileged", context, how, [PRIVILEGED])
        how = f"{how} They cannot gain any back."
        context["allowPrivilegeEscalation"] = False
        yield from in_containers(resource, parts, "drop-all-no-escalation", context, how, [PRIVILEGED])
        return
    how = "The containers lose every capability that they do not add themselves."
    ports = port_settings(resource, [part for part in parts if not ADDS_PORTS & set(added(part.node))])
    yield from in_containers(resource, parts, "drop-all", everything, how, pod=ports)
    if any(gains(resource, part) for part in parts):
        return
    how = "The containers lose every capability and cannot gain any back."
    context = {**everything, "allowPrivilegeEscalation": False}
    yield from in_containers(resource, parts, "drop-all-no-escalation", context, how, pod=ports)


def _without_root(
    resource: Resource, parts: Sequence[Part], context: Mapping[str, Value], *, raw: bool
) -> Iterator[Candidate]:
    """No capabilities for images that start as root only to become their own user: they start as it."""
    if raw:
        yield from _without_raw(resource, parts)
    how = "The containers start as the users that their images are made for, and without capabilities."
    yield from as_own_users(resource, parts, "drop-all-as-own-user", context, how)
    if any(is_true(security(part.node, "privileged")) for part in parts):
        return
    context = {**context, "allowPrivilegeEscalation": False}
    how = f"{how} They cannot gain any back."
    yield from as_own_users(resource, parts, "drop-all-as-own-user-no-escalation", context, how)


def _without_raw(resource: Resource, parts: Sequence[Part], *, no_more: bool = False) -> Iterator[Candidate]:
    if part := next((each for each in parts if _PACKETS.search(each.node.text("image"))), None):
        message = f"{part.node.text('image')} sends packets of its own making: NET_RAW is what it is there for"
        raise NoFix(message)
    if part := next((each for each in parts if _RAW & {*added(each.node)}), None):
        message = (
            f"the manifest gives {part.node.text('image')} NET_RAW by name: what it needs it for nothing here says"
        )
        raise NoFix(message)
    edits = []
    for part in parts:
        old = part.node.get("securityContext", "capabilities", "drop")
        more: dict[str, Value] = {"allowPrivilegeEscalation": False} if no_more else {}
        if old is not None and old.items:
            edits.append(yamledit.append_item(resource.doc, old, "NET_RAW"))
            edits += resource.put(part, {"securityContext": more})
        else:
            edits += resource.put(part, {"securityContext": {"capabilities": {"drop": ["NET_RAW"]}, **more}})
    keys = ["securityContext.capabilities.drop", *(["securityContext.allowPrivilegeEscalation"] if no_more else [])]
    declares = [path for part in parts for path in resource.declare(part, *keys)]
    how = "The containers lose NET_RAW alone: ping and packet tools stop working, nothing else."
    if no_more:
        if any(gains(resource, part) for part in parts):
            return
        how = "The containers lose NET_RAW, and no process of theirs gains other privileges, as by a setuid ping."
    approach = "drop-net-raw-no-escalation" if no_more else "drop-net-raw"
    candidate = resource.candidate(approach, edits, how, declares)
    if candidate:
        yield candidate
