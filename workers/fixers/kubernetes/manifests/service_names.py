"""Which objects name a Service: who calls it, and what leads to it from outside of the cluster."""

from __future__ import annotations

import re

from workers.source.yamldoc import Node

_FROM_OUTSIDE = re.compile(
    r"Ingress|Route|Gateway|Virtual|HTTPProxy|Mapping|Monitor|Probe|Webhook|APIService|CustomResourceDefinition"
)
"""Kinds of objects that lead to a Service what no pod of the cluster is: routers as often on the host's network, the
API server."""


def from_outside(kind: str) -> bool:
    """Whether objects of this kind lead to a Service what is no pod of the cluster."""
    return bool(_FROM_OUTSIDE.search(kind))


def calls(root: Node, services: set[str]) -> bool:
    """Whether a variable, an argument or a setting holds the name of one of the Services as a host."""
    hosts = re.compile(rf"(?:^|[/@\s=,\"'])(?:{'|'.join(map(re.escape, services))})(?:[.:/\s,\"']|$)")
    below = {"env", "args", "command", "data", "stringData"}
    return any(
        node.kind == "scalar" and below & {*path} and hosts.search(node.value)
        for path, node in root.walk()
        if node.value
    )


def names(root: Node, services: set[str]) -> bool:
    """Whether an object that lets traffic in mentions one of the Services."""
    return any(
        node.kind == "scalar" and not services.isdisjoint(re.split(r"[.:/]+", node.value))
        for _, node in root.walk()
        if node.value
    )
