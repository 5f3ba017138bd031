"""What carries a folder of manifests into a cluster, and into which namespace: Argo CD, Flux, Skaffold, a workflow."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from workers.fixers.kubernetes.manifests.objects import Object, objects
from workers.source import yamldoc
from workers.source.remembered import remembered
from workers.source.tree import SourceTree, text_of
from workers.source.yamldoc import Node

_FLUX = "kustomize.toolkit.fluxcd.io/"
_FLEET = "fleet.yaml"
_SKAFFOLD = re.compile(r"(?:^|/)skaffold[\w.-]*\.ya?ml$")
_WORKFLOW = re.compile(r"^\.github/workflows/[^/]+\.ya?ml$")
_DEPLOYS = re.compile(r"^[Aa]zure/k8s-deploy@")


def delivered(tree: SourceTree, path: str) -> str:
    """Who carries the objects of a file into a namespace that is not the default one; empty where nobody does."""
    found = [one for one in _deliveries(tree) if _holds(one[0], path)]
    if not found or not all(namespace not in ("", "default") for _, namespace, _ in found):
        return ""
    _, namespace, where = found[0]
    return f"{where} carries the objects into the namespace {namespace} already"


def _holds(place: str, path: str) -> bool:
    return place in (path, "", ".") or path.startswith(f"{place}/")


@remembered
def _deliveries(tree: SourceTree) -> list[tuple[str, str, str]]:
    """Each file or folder that something delivers, the namespace that it names, and who that is."""
    found = [
        (posixpath.normpath(place.strip("/") or "."), namespace, one.path)
        for one in objects(tree)
        for place, namespace in _of_object(one)
    ]
    for path in tree.paths():
        if posixpath.basename(path) == _FLEET:
            root = _root(tree, path)
            namespace = root.text("namespace") or root.text("defaultNamespace")
            found.append((posixpath.dirname(path), namespace, path))
        elif _SKAFFOLD.search(path):
            found += _of_skaffold(tree, path)
        elif _WORKFLOW.search(path):
            found += _of_workflow(tree, path)
    return found


def _of_object(one: Object) -> Iterator[tuple[str, str]]:
    spec = one.root.child("spec")
    if spec is None:
        return
    if one.kind == "Application" and one.root.text("apiVersion").startswith("argoproj.io/"):
        listed = spec.child("sources")
        for source in (spec.child("source"), *(listed.items if listed else ())):
            if source is not None and source.text("path"):
                yield source.text("path"), spec.text("destination", "namespace")
    if one.kind == "Kustomization" and one.root.text("apiVersion").startswith(_FLUX) and spec.text("targetNamespace"):
        yield spec.text("path"), spec.text("targetNamespace")


def _of_skaffold(tree: SourceTree, path: str) -> Iterator[tuple[str, str, str]]:
    """The manifests of a configuration that names a namespace for all of them."""
    root, folder = _root(tree, path), posixpath.dirname(path)
    deployed = root.get("deploy", "kubectl")
    namespace = deployed.text("defaultNamespace") if deployed is not None else ""
    for keys in (("manifests", "rawYaml"), ("deploy", "kubectl", "manifests")):
        listed = root.get(*keys)
        for one in listed.items if listed and namespace else ():
            yield posixpath.normpath(posixpath.join(folder, one.value.partition("*")[0].rstrip("/"))), namespace, path


def _of_workflow(tree: SourceTree, path: str) -> Iterator[tuple[str, str, str]]:
    for _, step in _root(tree, path).walk():
        given = step.child("with") if step.kind == "mapping" and _DEPLOYS.match(step.text("uses")) else None
        for place in given.text("manifests").split() if given is not None else ():
            yield posixpath.normpath(place.strip(",")), given.text("namespace") if given is not None else "", path


def _root(tree: SourceTree, path: str) -> Node:
    try:
        return yamldoc.parse(text_of(tree, path).encode(), path).root
    except yamldoc.YamlBroken:
        return yamldoc.parse(b"{}", path).root
