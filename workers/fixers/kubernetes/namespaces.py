"""The default namespace: an application's objects leave it together, or not at all."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from daemon.domain.fix import Candidate, Edit
from workers.fixers.changed import if_changed
from workers.fixers.kubernetes.containers.called_hosts import looked_for
from workers.fixers.kubernetes.containers.own_image import dockerfile_of
from workers.fixers.kubernetes.containers.project_names import named
from workers.fixers.kubernetes.manifests.filled_in import patch_of
from workers.fixers.kubernetes.manifests.moving import Moving
from workers.fixers.kubernetes.manifests.moving import moving as closed
from workers.fixers.kubernetes.manifests.objects import Object, declared, document_before, labels, objects
from workers.fixers.kubernetes.manifests.placed import placed
from workers.fixers.kubernetes.manifests.staying import staying
from workers.fixers.kubernetes.workload import Resource
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source import yamldoc, yamledit
from workers.source.images import split
from workers.source.tree import SourceTree, folders_up, text_of
from workers.source.yamltext import Value

_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_WORKLOADS = frozenset(
    ("Deployment", "StatefulSet", "DaemonSet", "Pod", "CronJob", "Job", "ReplicaSet", "ReplicationController")
)
_GENERIC = re.compile(
    r"""k8s | kube(?:rnetes)? | (?:.*[-_])?(?:manifests?|specs?|specifications) | deploy(?:ments?)?
      | base | apps? | infra | configs? | resources | ya?ml | examples? | src | releases? | prod(?:uction)? | dev
      | staging | tests? | demo | default
      | (?:stateful|daemon|replica)(?:[-_]?sets?)? | stateless | (?:cron[-_]?)?jobs? | pods? | services? | workloads?
      | v\d[\w.]* | \d+[-_.]?.* | (?:step|part|lab|lesson|chapter|ch|ex|exercise|day)[-_]?\d.*""",
    re.VERBOSE | re.IGNORECASE,
)
"""Folders' names that say what is in them and not whose it is."""
_TITLE = re.compile(r"\A\s*#[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_NO_NAME = re.compile(
    r"[^\w .-]|\b(?:how|an?|the|to|with|and|for|of|on|in|your|using|getting|introduction|tutorials?|guides?|samples?"
    r"|examples|readme|documentation|kubernetes|k8s|helm|charts?|clusters?|manifests?|deployments?|(?:stateful|daemon)sets?"
    r"|pods?|services?|jobs?)\b",
    re.IGNORECASE,
)
"""What makes a title a sentence, or says what a text is about."""
_WORDS = 4
_KIND = re.compile(r"-(?:deployment|deploy|job|cronjob|statefulset|daemonset|pod)$")
_DATA = frozenset(("StatefulSet", "PersistentVolumeClaim"))
_DECLARES = tuple(
    f"{document}{item}{key}"
    for document in ("", "*.")
    for item in ("", "items.*.")
    for key in ("metadata.namespace", "subjects.*.namespace")
)

_OF_ONE_APPLICATION = 2
"""How many namespaces the manifests of one application use, as a rule at most."""


@fixer(
    name="kubernetes-default-namespace",
    weakness="configuration",
    rules={"checkov": ["CKV_K8S_21"], "trivy": ["KSV110", "KSV-0110", "AVD-KSV-0110"]},
    explain="""Objects in the default namespace share its policies, quotas and service account with everything else
that nobody placed anywhere. ConfigMaps, Secrets, accounts and Services are found by their name in the same namespace
alone: so all objects that know each other move together, to the namespace that those beside them are in already, or
to one with the application's own name. A manifest makes it, or whoever owns the cluster does.""",
)
def default_namespace(target: Target) -> Iterator[Candidate]:
    """All of the application's objects, to a namespace that is used beside them, or to one of their own."""
    moving = _closed(target)
    if looked := looked_for(objects(target.tree), moving.objects):
        yield from _where_looked_for(target, moving, looked)
        return
    used = moving.namespaces()
    if len(used) > _OF_ONE_APPLICATION:
        message = (
            f"the manifests beside it go to {len(used)} namespaces ({', '.join(used[:3])} and so on): they are no one "
            "application's, and which of them it belongs to is its owner's decision"
        )
        raise NoFix(message)
    for name in used[:2]:
        how = f"Places {_count(moving)} in {name}, a namespace that the manifests beside them already use."
        yield from _move(target, moving, name, f"namespace-{name}", how)
    own = _own_name(target.tree, moving) or _titled(target.tree, moving)
    if own is None and not used:
        message = (
            "nothing here names the application as a whole, and what its namespace is called is its owner's decision"
        )
        raise NoFix(message)
    if own is None or used:
        return
    if not any(_before_others(one) for one in moving.objects):
        how = f"Places {_count(moving)} in a namespace of {_own(moving)} own, {own}, which the first manifest makes."
        yield from _move(target, moving, own, f"namespace-{own}", how, made=True)
    how = f"Places {_count(moving)} in a namespace of {_own(moving)} own, {own}, which the cluster's owner makes."
    first = f"make it first: `kubectl create namespace {own}`"
    yield from _move(target, moving, own, f"namespace-{own}-made-by-its-owner", how, first)


def _closed(target: Target) -> Moving:
    """What moves with the object.

    Raises:
        NoFix: it cannot move soundly.
        Harmless: something places it already.
    """
    resource = Resource(target)
    metadata = resource.root.child("metadata")
    if metadata is None or not metadata.entries:
        message = "the object has no metadata to name a namespace in"
        raise NoFix(message)
    folder = posixpath.dirname(resource.doc.path)
    if kustomization := patch_of(target.tree, resource.doc.path):
        message = f"{kustomization} lays this over an object of another file, which has the namespace"
        raise Harmless(message)
    if where := placed(target.tree, resource.doc.path):
        raise Harmless(where)
    if reason := staying(target.tree, folder):
        raise NoFix(reason)
    return closed(target.tree, folder)


def _where_looked_for(target: Target, moving: Moving, looked: Mapping[str, str]) -> Iterator[Candidate]:
    if len(looked) > 1:
        message = f"manifests look for its Service in {' and in '.join(sorted(looked))}: which is right its owner knows"
        raise NoFix(message)
    name, path = next(iter(looked.items()))
    how = f"Places {_count(moving)} in {name}, where {path} looks for what is among them."
    yield from _move(target, moving, name, f"namespace-{name}", how)


def _before_others(one: Object) -> bool:
    """Whether Helm or Argo CD makes the object before all others: no namespace among them would be there yet."""
    annotations = one.root.get("metadata", "annotations")
    if annotations is None:
        return False
    hooks = annotations.text("helm.sh/hook"), annotations.text("argocd.argoproj.io/hook")
    return "pre-" in hooks[0] or "PreSync" in hooks[1]


def _move(
    target: Target, moving: Moving, name: str, approach: str, how: str, *warnings: str, made: bool = False
) -> Iterator[Candidate]:
    taken = {(one.kind, one.name) for one in moving.all if one.namespace == name}
    if any((one.kind, one.name) in taken for one in moving.objects):
        return
    edits: list[Edit] = []
    for one in moving.all:
        edits += _placed(yamldoc.parse(target.tree.read(one.path), one.path), one, one in moving.objects, name)
    declares = list(_DECLARES)
    if made:
        value: dict[str, Value] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        first = min(edit.path for edit in edits)
        edits.append(document_before(yamldoc.parse(target.tree.read(first), first), value))
        declares.append(declared(value, name))
    told = [
        f"what runs in the default namespace stays there until it is deleted; commands need `-n {name}` from then on"
    ]
    if any(one.kind in _DATA for one in moving.objects):
        told.append("volumes do not move along: copy what they hold first")
    yield from if_changed(approach, edits, how, declares, (*warnings, "; ".join(told)))


def _placed(doc: yamldoc.YamlDoc, one: Object, moves: bool, name: str) -> Iterator[Edit]:
    """Edits of one object: its own namespace, and that of accounts that it gives rights to and that move."""
    metadata = one.root.child("metadata")
    if moves:
        if metadata is None or not metadata.entries:
            message = f"an object of {one.path} has no metadata to name a namespace in"
            raise NoFix(message)
        yield yamledit.set_key(doc, metadata, "namespace", name, after="name")
    subjects = one.root.child("subjects")
    for subject in subjects.items if subjects else ():
        if subject.text("kind") == "ServiceAccount" and subject.text("namespace") == "default":
            yield yamledit.set_key(doc, subject, "namespace", name)


def _own_name(tree: SourceTree, moving: Moving) -> str | None:
    """What all of the workloads call themselves by a label; the one workload's name; that of the folder around them,
    where something else than the folder says it, too; the project's whose image runs there.
    """
    workloads = [one for one in moving.objects if one.kind in _WORKLOADS]
    said = [labels(one.root.get("metadata", "labels")) or {} for one in workloads]
    shared = set.intersection(*({*one.items()} for one in said)) if said else set()
    by_label = dict(shared)
    candidates = [by_label.get(key) for key in ("app.kubernetes.io/part-of", "application", "project", "app")]
    if len({one.name for one in workloads}) == 1:
        candidates.append(_KIND.sub("", workloads[0].name))
    top = posixpath.commonpath([*moving.folders]) if all(moving.folders) else ""
    if top in moving.folders:
        parts = [part for part in top.split("/") if not _GENERIC.fullmatch(part)]
        name = parts[-1].replace("_", "-").lower() if parts else ""
        candidates.append(name if name and any(name in said for said in _said_of(tree, moving, top)) else None)
    candidates.append(_of_project(tree, moving))
    fitting = (one for one in candidates if one and _NAME.fullmatch(one) and not _GENERIC.fullmatch(one))
    return next((one for one in fitting if not one.startswith("kube-")), None)


def _of_project(tree: SourceTree, moving: Moving) -> str | None:
    """What a project of the repository calls itself that all images which the repository builds are called after."""
    images = {
        split(node.value)[0].rpartition("/")[2]
        for one in moving.objects
        for path, node in one.root.walk()
        if path[-1:] == ("image",) and dockerfile_of(tree, node.value) is not None
    }
    after = (name for name in named(tree) if all(f"{image}-".startswith(f"{name}-") for image in images))
    return next(after, None) if images else None


def _said_of(tree: SourceTree, moving: Moving, folder: str) -> Iterator[str]:
    """Names, labels and images of the objects, and the title of the nearest README."""
    for one in moving.objects:
        yield one.name.lower()
        yield from (labels(one.root.get("metadata", "labels")) or {}).values()
        yield from (node.value.lower() for path, node in one.root.walk() if path[-1:] == ("image",))
    title = _title(tree, folder)
    yield re.sub(r"[^a-z0-9]+", "-", title[1].lower()) if title else ""


def _title(tree: SourceTree, folder: str) -> re.Match[str] | None:
    texts = (text_of(tree, posixpath.join(each, "README.md")) for each in folders_up(folder))
    return next((found for text in texts if (found := _TITLE.search(text))), None)


def _titled(tree: SourceTree, moving: Moving) -> str | None:
    """What the nearest README of the folders calls the application, where its title is a name and no sentence."""
    inner = posixpath.commonpath([*moving.folders]) if all(moving.folders) else ""
    title = _title(tree, inner)
    if title is None:
        return None
    name = re.sub(r"[^a-z0-9]+", "-", title[1].lower()).strip("-")
    fits = _NAME.fullmatch(name) and name.count("-") < _WORDS and not _NO_NAME.search(title[1])
    return name if fits and not _GENERIC.fullmatch(name) and not name.startswith("kube-") else None


def _own(moving: Moving) -> str:
    return "its" if len(moving.objects) == 1 else "their"


def _count(moving: Moving) -> str:
    many = len(moving.objects)
    return "the object" if many == 1 else f"the {many} objects that belong together"
