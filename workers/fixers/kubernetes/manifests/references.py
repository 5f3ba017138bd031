"""What an object refers to by name alone, and so expects in its own namespace."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from workers.fixers.kubernetes.workload import is_true
from workers.source.yamldoc import Node

_NAMED = {
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "secretRef": "Secret",
    "secretKeyRef": "Secret",
    "configMap": "ConfigMap",
    "secret": "Secret",
    "persistentVolumeClaim": "PersistentVolumeClaim",
    "imagePullSecrets": "Secret",
}
"""A mapping at that key, or each of a list, names an object of the kind."""
_NAME_KEYS = ("name", "secretName", "claimName")
_TEXT = {"serviceAccountName": "ServiceAccount", "serviceAccount": "ServiceAccount", "secretName": "Secret"}
_KINDS = {"scaleTargetRef": "Deployment", "roleRef": "Role"}
"""Mappings that name an object with its kind; what is meant where they name none."""
_HOSTS = frozenset(("value", "args", "command", "data", "host", "hosts", "serviceName", "externalName"))
"""Keys below which texts hold the names of hosts."""
_HOST = re.compile(r"(?<![\w.-])([a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)(?=[:/,'\"\s]|$)")


class Reference(msgspec.Struct, frozen=True):
    """The name of an object in the same namespace."""

    kind: str
    name: str
    certain: bool = True
    """Whether that object must be there; a text that is also a Service's name may mean something else."""


def references(root: Node) -> Iterator[Reference]:
    """All that an object refers to; what may be missing (`optional: true`) is not certain."""
    for path, node in root.walk():
        step = path[-1] if path else ""
        above = path[-2] if len(path) > 1 else ""
        kind = _NAMED.get(str(above if isinstance(step, int) else step))
        if kind and node.kind == "mapping":
            needed = not is_true(node.text("optional"))
            yield from (Reference(kind, name, needed) for key in _NAME_KEYS if (name := node.text(key)))
        elif node.kind == "scalar" and str(step) in _TEXT and str(above) not in _NAMED and node.value != "default":
            yield Reference(_TEXT[str(step)], node.value)
        elif step in _KINDS and node.text("kind") != "ClusterRole":
            yield Reference(node.text("kind") or _KINDS[str(step)], node.text("name"))
        elif step == "service" and above == "backend":
            yield Reference("Service", node.text("name"))
        elif above == "subjects" and node.text("kind") == "ServiceAccount" and _here(node):
            yield Reference("ServiceAccount", node.text("name"), certain=False)
        elif node.kind == "scalar" and any(one in _HOSTS for one in path):
            yield from (Reference("Service", match[1], certain=False) for match in _HOST.finditer(node.value))


def _here(subject: Node) -> bool:
    return subject.text("namespace") in ("", "default")
