"""The same image in other manifests of the repository: what it is run with there it can be run with here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.fixers.kubernetes.manifests.objects import Object, objects
from workers.fixers.kubernetes.workload import Part, Resource
from workers.source.images import latest_tags, split
from workers.source.remembered import remembered
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node


def other_limit(resource: Resource, part: Part, kind: str) -> str:
    """What other manifests of the repository let the same image have at most; empty where none or several say.

    What everybody builds on holds another program in each: of an official image only the same object's variants count.
    """
    anybodys = latest_tags(split(part.node.text("image"))[0])[0]
    name = resource.root.text("metadata", "name") if anybodys else ""
    found = {one.text("resources", "limits", kind) for one, _ in elsewhere(resource, part, name)} - {""}
    return found.pop() if len(found) == 1 else ""


def elsewhere(resource: Resource, part: Part, name: str = "") -> Iterator[tuple[Node, Node]]:
    """Containers of other objects that run the same image, under whatever tag, by the same command; their pods.

    `name`: only objects that are called so.
    """
    image = split(part.node.text("image"))[0]
    mine = command(part.node)
    own = (resource.kind, resource.root.text("metadata", "name"), resource.doc.path)
    for each, pod, one in _by_image(resource.target.tree).get(image, ()) if image else ():
        if (each.kind, each.name, each.path) != own and command(one) == mine and name in ("", each.name):
            yield one, pod


@remembered
def _by_image(tree: SourceTree) -> dict[str, list[tuple[Object, Node, Node]]]:
    """An image's name → the objects of the repository that run it, each with its pod and the container."""
    found: dict[str, list[tuple[Object, Node, Node]]] = {}
    for each in objects(tree):
        # The definition of a kind is long, and no pod.
        for path, pod in each.root.walk() if each.kind != "CustomResourceDefinition" else ():
            listed = pod.child("containers") if pod.kind == "mapping" and path[-1:] == ("spec",) else None
            for one in listed.items if listed else ():
                if one.kind == "mapping":
                    found.setdefault(split(one.text("image"))[0], []).append((each, pod, one))
    return found


def command(node: Node) -> list[str]:
    """What a container starts in place of its image's own entry point."""
    found = node.child("command")
    return [item.value for item in found.items] if found else []


def empty_folders(container: Node, pod: Node) -> tuple[str, ...]:
    """The folders at which a container has an empty volume."""
    mounts, volumes = container.child("volumeMounts"), pod.child("volumes")
    empty = {one.text("name") for one in (volumes.items if volumes else ()) if one.child("emptyDir") is not None}
    return tuple(one.text("mountPath") for one in (mounts.items if mounts else ()) if one.text("name") in empty)


def told_places(container: Node) -> set[str]:
    """The paths that its variables and arguments tell the program of: it may write there."""
    lists = (container.child("args"), container.child("env"))
    texts = [item.text("value") or item.value for one in lists if one is not None for item in one.items]
    return {word for text in texts for word in re.findall(r"(?<![\w:/.])/[\w./-]+", text)}
