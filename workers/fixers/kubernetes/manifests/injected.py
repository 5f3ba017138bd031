"""Containers that something puts beside a pod's own when it is made, and asks for by an annotation."""

from __future__ import annotations

import re

from workers.fixers.kubernetes.workload import Resource

_ASKS = re.compile(
    r"(?:vault|consul)\.hashicorp\.com/(?:agent|connect)-inject|dapr\.io/enabled|linkerd\.io/inject|kuma\.io/sidecar-injection"
    r"|openservicemesh\.io/sidecar-injection|appmesh\.k8s\.aws/sidecarInjectorWebhook|inject\.\w+|sidecar-injector\S*"
)


def injected(resource: Resource) -> str:
    """The annotation that asks for such a container, which shares the pod's account and network; empty where none does.

    Istio's is not meant: it brings a token of its own, and its ports are known.
    """
    path = resource.pod.path[len(resource.path) : -1]
    holders = (resource.root, resource.root.get(*path)) if path else (resource.root,)
    for holder in holders:
        found = holder.get("metadata", "annotations") if holder is not None else None
        for key, value in found.entries if found is not None else ():
            if _ASKS.match(key.value) and value.value not in ("false", "disabled"):
                return key.value
    return ""
