"""Scratch space: empty volumes at folders that containers write to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from daemon.domain.fix import Edit
from workers.fixers.kubernetes.workload import Part, Resource
from workers.source.yamldoc import Node
from workers.source.yamltext import Value

Folders = Mapping[tuple[str | int, ...], Sequence[str]]
"""The path of a container's part → folders in it."""


def scratch(
    resource: Resource, parts: Sequence[Part], folders: Folders, *, memory: bool = False
) -> tuple[list[Edit], list[str]] | None:
    """Edits that mount an empty volume at each folder, and what they declare; none where a volume is in the way."""
    pod = resource.pod
    volumes = pod.node.child("volumes")
    taken = {item.text("name") for item in volumes.items} if volumes else set()
    names = {path: _name(path) for each in folders.values() for path in each}
    if not names:
        return [], []
    if taken & set(names.values()) or (volumes is not None and (not volumes.items or volumes.kind == "alias")):
        return None
    edits: list[Edit] = []
    declares = resource.declare(pod, "volumes")
    for part in parts:
        mounts: list[Mapping[str, Value]] = [{"name": names[path], "mountPath": path} for path in folders[part.path]]
        edits += resource.append(part, "volumeMounts", *mounts)
        declares += resource.declare(part, "volumeMounts")
    source: dict[str, Value] = {"medium": "Memory"} if memory else {}
    empty: list[Mapping[str, Value]] = [{"name": name, "emptyDir": source} for name in names.values()]
    edits += resource.append(pod, "volumes", *empty)
    return edits, declares


def mounted(node: Node, path: str) -> bool:
    """Whether a container has a volume at a folder."""
    mounts = node.child("volumeMounts")
    return mounts is not None and any(item.text("mountPath").rstrip("/") == path for item in mounts.items)


def on_empty(resource: Resource, node: Node, path: str) -> bool:
    """Whether the volume that a container has at a folder is an empty one, made anew for each pod."""
    mounts, volumes = node.child("volumeMounts"), resource.pod.node.child("volumes")
    names = {item.text("name") for item in mounts.items if item.text("mountPath").rstrip("/") == path} if mounts else ()
    return any(item.text("name") in names and item.child("emptyDir") for item in (volumes.items if volumes else ()))


def _name(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")
