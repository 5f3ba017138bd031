"""The objects that have to leave the default namespace together: a folder, and what refers to it or is referred to."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

import msgspec

from workers.fixers.kubernetes.manifests.objects import Object, objects
from workers.fixers.kubernetes.manifests.references import Reference, references
from workers.fixers.kubernetes.manifests.scopes import scope
from workers.source.remembered import remembered
from workers.source.tree import SourceTree

_OF_TOOLS = re.compile(r"(?:kustomize\.config\.k8s\.io|kind\.x-k8s\.io|kubeadm\.k8s\.io|k3d\.io|eksctl\.io|skaffold)/")
"""What makes clusters and puts manifests together: no cluster gets it."""


class Folder(msgspec.Struct, frozen=True):
    """The objects of one folder."""

    all: tuple[Object, ...]
    wanted: frozenset[Reference]
    """What those in the default namespace refer to and the folder does not define."""

    @property
    def placed(self) -> Iterator[Object]:
        """Those in the default namespace."""
        return filter(in_default, self.all)

    def has(self, names: set[tuple[str, str]]) -> bool:
        """Whether one of those in the default namespace has such a kind and name."""
        return any((one.kind, one.name) in names for one in self.placed)


class Moving(msgspec.Struct, frozen=True):
    """A closed set of folders: no object in it refers to one that stays, and none that stays refers to one in it."""

    folders: Mapping[str, Folder]
    others: tuple[Object, ...]
    """What is in the default namespace, and stays there."""
    scopes: Mapping[str, str]
    """The scope of each kind that the repository defines itself."""
    all: tuple[Object, ...]
    objects: tuple[Object, ...]
    """Those of them that move."""

    def scope(self, one: Object) -> str:
        """`Namespaced` or `Cluster`, as Kubernetes or the repository's own definition of the kind says; else empty."""
        return scope(one.kind) or self.scopes.get(one.kind, "")

    def namespaces(self) -> list[str]:
        """Those that objects beside them name, the most frequent first."""
        names = [one.name if one.kind == "Namespace" else one.namespace for one in self.all]
        used = [name for name in names if name not in ("", "default") and not name.endswith("-system")]
        return sorted(set(used), key=lambda name: (-used.count(name), name))


@remembered
def moving(tree: SourceTree, folder: str) -> Moving:
    """The folders that leave the default namespace with this one."""
    known = _folders(tree)
    scopes = {
        one.root.text("spec", "names", "kind"): one.root.text("spec", "scope")
        for one in objects(tree)
        if one.kind == "CustomResourceDefinition"
    }
    folders = {each: known.get(each) or Folder((), frozenset()) for each in sorted(_closed(known, folder))}
    everything = tuple(one for each in folders.values() for one in each.all)
    found = Moving(folders, (), scopes, everything, ())
    moved = tuple(one for one in everything if in_default(one) and found.scope(one) != "Cluster")
    names = {(one.kind, one.name) for one in moved}
    others = tuple(one for each in known.values() for one in each.placed if (one.kind, one.name) not in names)
    return msgspec.structs.replace(found, objects=moved, others=others)


def in_default(one: Object) -> bool:
    """Whether it is in the default namespace, or in none."""
    return one.namespace in ("", "default")


@remembered
def _folders(tree: SourceTree) -> dict[str, Folder]:
    found: dict[str, list[Object]] = {}
    for one in objects(tree):
        if not _OF_TOOLS.match(one.root.text("apiVersion")):
            found.setdefault(posixpath.dirname(one.path), []).append(one)
    return {folder: Folder(tuple(inside), frozenset(_open(inside))) for folder, inside in found.items()}


def _open(inside: list[Object]) -> Iterator[Reference]:
    own = {(one.kind, one.name) for one in inside}
    for one in filter(in_default, inside):
        if one.kind == "CustomResourceDefinition":
            continue
        yield from (found for found in references(one.root) if (found.kind, found.name) not in own)


def _closed(known: Mapping[str, Folder], folder: str) -> set[str]:
    """The folder, and those that refer to something in it or that it refers to, and so on."""
    found = {folder}
    while True:
        inside = [known[each] for each in found if each in known]
        mine = {(one.kind, one.name) for each in inside for one in each.placed}
        asked = {(one.kind, one.name) for each in inside for one in each.wanted} - mine
        more = {
            name
            for name in known.keys() - found
            if any((one.kind, one.name) in mine for one in known[name].wanted) or known[name].has(asked)
        }
        if not more:
            return found
        found |= more
