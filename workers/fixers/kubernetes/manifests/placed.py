"""What puts a manifest's objects into a namespace that the manifest itself does not name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from daemon.errors import SourceUnavailable
from workers.fixers.kubernetes.manifests.delivered import delivered
from workers.fixers.kubernetes.manifests.kustomize import root_of, ways
from workers.fixers.kubernetes.manifests.objects import objects_of
from workers.source.remembered import remembered
from workers.source.tree import SourceTree

_LISTS = frozenset(
    ("apiVersion", "kind", "metadata", "resources", "bases", "images", "labels", "commonLabels", "commonAnnotations")
)
"""Keys of a kustomization that change no object's name or namespace."""
_KUBECTL = re.compile(r"\b(?:kubectl|oc)\b[^\n|;&]*")
_SCOPED = re.compile(r"\s(?:-n|--namespace)(?![\w-])(?![= ]?[\"']?default\b)")
_APPLIES = re.compile(r"\b(?:apply|create|replace|delete)\b[^\n]*\s(?:-f|-k|--filename)\b")
_RUNS = (".sh", ".bash", ".yml", ".yaml", "Makefile", ".mk", ".ps1", "Jenkinsfile", ".md")
_STEP = re.compile(r"\d\d-(?:assert|errors?)\.ya?ml")
"""What kuttl compares the cluster with after a step."""


@remembered
def placed(tree: SourceTree, path: str) -> str:
    """Who puts the objects of `path` into a namespace other than the default one, and where it says so; or nothing."""
    return (
        _by_kustomize(tree, path)
        or _by_kuttl(tree, path)
        or _by_operator(tree, path)
        or _by_chart(tree, path)
        or delivered(tree, path)
        or _by_command(tree, path)
    )


@remembered
def commands(tree: SourceTree) -> tuple[tuple[str, str, bool, bool], ...]:
    """Every kubectl command that the repository shows: its file, itself, whether it names a namespace, whether it
    takes manifests.
    """
    return tuple(
        (path, command, bool(_SCOPED.search(command)), bool(_APPLIES.search(command)))
        for path in tree.paths()
        if path.endswith(_RUNS)
        for command in _KUBECTL.findall(_text(tree, path))
    )


def lists_only(tree: SourceTree, path: str) -> bool:
    """Whether a kustomization only lists manifests, and labels them: each keeps the namespace that it names itself.

    A patch, a generated object or a changed name would be looked for in the default namespace.
    """
    root = root_of(tree, path)
    return bool(root.entries) and {key.value for key, _ in root.entries} <= _LISTS


def _by_kustomize(tree: SourceTree, path: str) -> str:
    """Whether every kustomization that is built, and not a part of another, takes the file into a namespace."""
    by = [next(_namespaces(tree, way), "") for way in ways(tree, path)]
    return by[0] if by and all(by) else ""


def _namespaces(tree: SourceTree, way: tuple[str, ...]) -> Iterator[str]:
    """Which kustomizations of a way name a namespace, the outermost first."""
    for one in way:
        namespace = root_of(tree, one).text("namespace")
        if namespace not in ("", "default"):
            yield f"{one} puts the objects into the namespace {namespace} already"


def _by_kuttl(tree: SourceTree, path: str) -> str:
    folder = posixpath.dirname(path)
    for one in tree.paths():
        if posixpath.dirname(one) == folder and _STEP.fullmatch(posixpath.basename(one)):
            return f"{folder} is a test of kuttl, as {one} says: it runs in a namespace of its own"
    return ""


def _by_operator(tree: SourceTree, path: str) -> str:
    folder = posixpath.dirname(path)
    beside = (one for one in tree.paths() if posixpath.dirname(one) == folder)
    for one in beside:
        if any(each.kind == "ClusterServiceVersion" for each in objects_of(tree, one)):
            return f"{folder} is an operator's bundle, as {one} says: it is installed in the operator's namespace"
    return ""


def _by_chart(tree: SourceTree, path: str) -> str:
    for one in tree.paths():
        folder, _, name = one.rpartition("/")
        if name == "Chart.yaml" and path.startswith(f"{folder}/templates/".lstrip("/")):
            return f"the manifest belongs to the chart {one}: its release names the namespace"
    return ""


def _by_command(tree: SourceTree, path: str) -> str:
    """Whether every command that takes the manifest says to which namespace it goes."""
    taking = [one for one in commands(tree) if one[3] and _takes(one[1], path)]
    if not taking or not all(scoped for _, _, scoped, _ in taking):
        return ""
    where, command, _, _ = taking[0]
    return f"{where} says itself which namespace the objects go to: `{command.strip()[:80]}`"


def _takes(command: str, path: str) -> bool:
    for word in command.split():
        if "://" in word and word.strip("\"'`").endswith(f"/{path}"):
            return True
        name = posixpath.normpath(word.strip("\"'`")).lstrip("./")
        inside = path.endswith((".yaml", ".yml")) and name == posixpath.dirname(path)
        if name and (name == path or inside or ("/" in name and path.endswith(f"/{name}"))):
            return True
    return False


def _text(tree: SourceTree, path: str) -> str:
    try:
        content = tree.read(path)
    except SourceUnavailable:
        return ""
    return content.decode("utf-8", "replace").replace("\\\n", " ") if b"kubectl" in content else ""
