"""Agents of a node: pods that look at the machine itself, and need for that what no other pod should have."""

from __future__ import annotations

import re

from workers.fixers.kubernetes.workload import Resource
from workers.fixers.registry import NoFix

_NODE_FOLDERS = re.compile(
    r"/(?:$|(?:proc|sys|dev|etc|var/lib)/?$|etc/(?:kubernetes|systemd|cni)|(?:usr/)?lib/systemd|opt/cni|srv/kubernetes|"
    r"(?:usr/)?libexec/kubernetes|var/lib/(?:kubelet|etcd|cni|docker|containerd)|var/log/pods)"
)
"""What they look at: the node's processes, its devices, its configuration, its kubelet's files."""


def refuse_agent(resource: Resource, needs: str) -> None:
    """Leave an agent what it needs for its work.

    Raises:
        NoFix: the pod is one.
    """
    if seen := folders_of_node(resource):
        message = f"the pod mounts the host's {', '.join(seen)}: it is a node agent, which needs {needs} for its work"
        raise NoFix(message)


def folders_of_node(resource: Resource) -> list[str]:
    """What an agent mounts of the machine itself; nothing for other pods."""
    volumes = resource.pod.node.child("volumes")
    paths = [item.text("hostPath", "path") for item in (volumes.items if volumes else ())]
    return [path for path in paths if _NODE_FOLDERS.match(path)]
