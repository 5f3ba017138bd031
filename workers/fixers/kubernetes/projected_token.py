"""The service account's token as a volume that the pod itself asks for, in the containers that it names."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.domain.fix import Edit
from workers.fixers.kubernetes.containers.scratch import mounted
from workers.fixers.kubernetes.containers.shell_only import shell_only
from workers.fixers.kubernetes.workload import Part, Resource
from workers.source.yamltext import Value

_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
_VOLUME = "kube-api-access"
_LIFETIME = 3607
"""Seconds, as Kubernetes asks for by itself: it goes on taking such a token from clients that never read it again."""
_SOURCES: list[Value] = [
    {"serviceAccountToken": {"path": "token", "expirationSeconds": _LIFETIME}},
    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    {
        "downwardAPI": {
            "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
        }
    },
]
"""What the API server's admission gives every pod that does not refuse it."""


def projected_token(resource: Resource) -> tuple[list[Edit], list[str]] | None:
    """Edits that mount it in the containers but those in which only a shell runs, and what they declare.

    None where a volume is in the way, or no container would be without it, or all.
    """
    pod = resource.pod
    volumes = pod.node.child("volumes")
    names = {item.text("name") for item in volumes.items} if volumes else set()
    if _VOLUME in names or (volumes is not None and (not volumes.items or volumes.kind == "alias")):
        return None
    edits: list[Edit] = []
    declares = resource.declare(pod, "volumes")
    mount: Mapping[str, Value] = {"name": _VOLUME, "mountPath": _FOLDER, "readOnly": True}
    spared, kept = False, False
    for section in ("containers", "initContainers"):
        listed = pod.node.child(section)
        for index, node in enumerate(listed.items if listed else ()):
            part = Part((*pod.path, section, index), node)
            mounts = node.child("volumeMounts")
            if shell_only(node):
                spared = True
                continue
            if node.kind != "mapping" or (mounts is not None and not mounts.items):
                return None
            kept = True
            if not mounted(node, _FOLDER):
                edits += resource.append(part, "volumeMounts", mount)
                declares += resource.declare(part, "volumeMounts")
    if not (spared and kept):
        # All of them would have the token as before, or the volume would be there for nobody.
        return None
    edits += resource.append(pod, "volumes", {"name": _VOLUME, "projected": {"sources": _SOURCES}})
    return edits, declares
