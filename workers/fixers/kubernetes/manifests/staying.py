"""Why objects cannot leave the default namespace: who else decides on it, or would look for them there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from daemon.errors import SourceUnavailable
from workers.fixers.kubernetes.containers.called_hosts import called
from workers.fixers.kubernetes.manifests.filled_in import KUSTOMIZATIONS
from workers.fixers.kubernetes.manifests.kustomize import kustomized
from workers.fixers.kubernetes.manifests.moving import Moving, in_default, moving
from workers.fixers.kubernetes.manifests.objects import Object
from workers.fixers.kubernetes.manifests.placed import commands, lists_only
from workers.fixers.kubernetes.manifests.templated import templated
from workers.source import yamldoc
from workers.source.remembered import remembered
from workers.source.tree import SourceTree

_TRUST = ("iam.gke.io/gcp-service-account", "eks.amazonaws.com/role-arn", "azure.workload.identity/client-id")
"""Annotations of an account that a cloud knows by its namespace."""
_ENFORCED = "pod-security.kubernetes.io/enforce"
_IMAGE = re.compile(r"--image[= ]\S+")
_OF_NODES = re.compile(r"\b(?:taint|cordon|uncordon|drain|nodes?)\b")
"""Commands about nodes, which are in no namespace."""
_SELF = re.compile(r"\.default(?:\.svc\b|[:/]|$)|\bns/default\b")
_SUBSTITUTED = re.compile(r"\$\{\w+\}")
_SHELL = frozenset(("command", "args", "data", "stringData", "annotations"))
"""Keys below which `${NAME}` is a shell's, or whoever reads it."""
_KIND = re.compile(rb"^kind:", re.MULTILINE)


@remembered
def staying(tree: SourceTree, folder: str) -> str:
    """Why the objects of a folder, and those that would move along, have to stay; empty where they need not."""
    found = moving(tree, folder)
    return (
        _guarded(found)
        or _managed(tree, found)
        or _unused(found)
        or _missing(found)
        or _variants(found)
        or _tied(found)
        or called(tree, found.objects, found.others, found.folders)
        or _commanded(tree, found)
    )


def _guarded(found: Moving) -> str:
    """Whether a namespace beside it lets in only pods of some kind."""
    for one in found.all:
        labels = one.root.get("metadata", "labels") if one.kind == "Namespace" else None
        if labels is not None and any(key.value == _ENFORCED for key, _ in labels.entries):
            return f"the namespace {one.name} of {one.path} refuses pods below its level ({_ENFORCED})"
    return ""


def _managed(tree: SourceTree, found: Moving) -> str:
    """Whether something else decides on the namespace: Helm, a kustomization, a template."""
    for path in tree.paths():
        folder, _, name = path.rpartition("/")
        if name == "Chart.yaml" and any(f"{one}/".startswith(f"{folder}/") or not folder for one in found.folders):
            return f"the manifests belong to the chart {path}: its release names the namespace"
        if name in KUSTOMIZATIONS:
            if lists_only(tree, path):
                continue
            if not found.folders.keys().isdisjoint({folder, *_folders(kustomized(tree, path))}):
                return f"{path} places the objects: its `namespace:` is the place to say which one is theirs"
        elif folder in found.folders and name.endswith((".yaml", ".yml")) and _template(tree, path):
            return f"{path} is filled in by something else, and which objects it holds is not known"
    return ""


def _unused(found: Moving) -> str:
    """Whether nothing in it runs: who uses the rest is not to be seen here."""
    if any(one.root.get("spec", "template") or one.kind in ("Pod", "CronJob") for one in found.objects):
        return ""
    return "no manifest here runs a program that uses it, and who does would look in the default namespace"


def _missing(found: Moving) -> str:
    """What is referred to and no manifest defines: it would stay behind."""
    own = {(one.kind, one.name) for one in found.all}
    for folder, inside in found.folders.items():
        for asked in sorted(inside.wanted, key=lambda one: (one.kind, one.name)):
            if asked.certain and (asked.kind, asked.name) not in own:
                return (
                    f"{folder or 'the folder'} uses the {asked.kind} {asked.name}, which no manifest of the "
                    "repository makes: it would stay in the default namespace"
                )
    return ""


def _variants(found: Moving) -> str:
    """Whether one object stands in two folders: each is applied without the other, with what is beside it."""
    seen: dict[tuple[str, str], str] = {}
    for one in found.objects:
        folder = posixpath.dirname(one.path)
        other = seen.setdefault((one.kind, one.name), folder)
        if one.name and other != folder:
            return f"{other or '.'} and {folder} both hold a {one.kind} {one.name}: which one belongs here is not told"
    return ""


def _tied(found: Moving) -> str:
    for one in found.all:
        if not found.scope(one) and in_default(one):
            return f"whether the {one.kind} in {one.path} lives in a namespace is not known here"
        annotations = one.root.get("metadata", "annotations")
        if one.kind == "ServiceAccount" and annotations and any(annotations.text(key) for key in _TRUST):
            return f"the cloud trusts the account {one.name} of {one.path} by its namespace: change it there first"
        for path, node in one.root.walk():
            named = path[-1:] == ("namespace",) and node.value == "default" and not _moves(path)
            if node.kind == "scalar" and (named or _SELF.search(node.value)):
                return f"{one.path} names the default namespace itself: {node.value.strip()[:60]}"
    return ""


def _commanded(tree: SourceTree, found: Moving) -> str:
    """Whether a script names the objects, and so has to change too."""
    names = {word for one in found.objects for word in (one.name, *_label_values(one)) if word}
    files = {posixpath.basename(one.path) for one in found.all} | {folder for folder in found.folders if folder}
    for path, command, scoped, applies in commands(tree):
        if applies and (scoped or "default" in command) and any(file in command for file in files):
            return f"{path} says itself which namespace the manifests go to: `{command.strip()[:80]}`"
        named = names & set(re.findall(r"[\w.-]+", _IMAGE.sub("", command)))
        if named and not _OF_NODES.search(command) and not (scoped or applies or path.endswith(".md")):
            return f"{path} looks for them in the default namespace: `{command.strip()[:80]}`"
    return ""


def _label_values(one: Object) -> list[str]:
    """What commands select pods by."""
    found = one.root.get("metadata", "labels"), one.root.get("spec", "template", "metadata", "labels")
    return [value.value for node in found if node for _, value in node.entries]


def _moves(path: yamldoc.Path) -> bool:
    """Whether it is a place that moves along: the object's own, or that of an account that rights are given to."""
    return path == ("metadata", "namespace") or path[0] == "subjects"


def _folders(paths: Iterable[str]) -> Iterator[str]:
    """Each path, which may be a folder, and the folder that it is in."""
    for path in paths:
        yield from (path, posixpath.dirname(path))


def _template(tree: SourceTree, path: str) -> bool:
    """Whether something else writes objects into the file, or their names."""
    try:
        content = tree.read(path)
    except SourceUnavailable:
        return False
    if not _KIND.search(content):
        return False
    if templated(path, content):
        return True
    if b"${" not in content:
        return False
    try:
        roots = yamldoc.parse(content, path).roots
    except yamldoc.YamlBroken:
        return True
    scalars = (found for root in roots for found in root.walk() if found[1].kind == "scalar")
    return any(_SUBSTITUTED.search(node.value) and not _SHELL & {*where} for where, node in scalars)
