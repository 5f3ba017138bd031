"""Which Kubernetes objects of a repository run the image that a Dockerfile of it builds."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

import msgspec
import yaml

from daemon.errors import SourceUnavailable
from workers.fixers.kubernetes.manifests.objects import Object, objects_of
from workers.source.remembered import remembered
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node

_SKAFFOLD = re.compile(r"(?:^|/)skaffold\.ya?ml$")
_BUILDS = re.compile(r"(?:^|/)(?:cloudbuild[\w.-]*\.ya?ml|Makefile|[\w.-]*build[\w.-]*\.sh)$")
_TAGGED = re.compile(r"(?:-t|--tag)['\"]?[\s=,]+(?:-\s*)?['\"]?([\w.${}()/-]+)(?=[:\s'\",]|$)")
_TASKS = frozenset(("Job", "CronJob", "JobSet", "PyTorchJob", "TFJob", "MPIJob", "RayJob", "Workflow", "Task"))
_CONTAINERS = ("containers", "initContainers")
_MAX_BYTES = 256 * 1024


class Run(msgspec.Struct, frozen=True):
    """A container of a Kubernetes object that runs the image."""

    kind: str
    name: str
    path: str
    port: int | None
    """The first port that the container names."""
    probed: bool
    """Whether Kubernetes asks it by a probe of its own."""
    kept: str | None = None
    """Where it writes to a volume that outlives it and that the pod gives no group (`fsGroup`): root's, as a rule."""

    @property
    def ends(self) -> bool:
        """Whether the object runs it until its work is done."""
        return self.kind in _TASKS


class _Built(msgspec.Struct, frozen=True):
    name: str
    """The image's whole name without its tag, or its last part."""
    below: str
    """The folder whose manifests are meant; empty: the repository's."""


def runs(tree: SourceTree, path: str) -> list[Run]:
    """Every container that a manifest starts from what the Dockerfile at `path` builds, as the repository names it."""
    built = list(_names(tree, path))
    if not built:
        return []
    return [
        run
        for each in tree.paths()
        if each.endswith((".yaml", ".yml"))
        for one in built
        if each.startswith(f"{one.below}/" if one.below else "") and one.name.encode() in _bytes(tree, each)
        for found in objects_of(tree, each)
        for run in _containers(found, one)
    ]


def _containers(found: Object, built: _Built) -> Iterator[Run]:
    if found.kind in {"Config", "Kustomization"}:
        return
    for steps, node in found.root.walk():
        if node.kind != "mapping" or len(steps) < 2 or steps[-2] not in _CONTAINERS:
            continue
        image = re.sub(r"(?::[\w.${}-]*)?(?:@.*)?$", "", node.text("image"))
        if image != built.name and ("/" in built.name or image.rpartition("/")[2] != built.name):
            continue
        ports = node.child("ports")
        numbers = [item.text("containerPort") for item in ports.items] if ports else []
        probed = any(node.child(f"{kind}Probe") is not None for kind in ("liveness", "readiness"))
        port = int(numbers[0]) if numbers and numbers[0].isdigit() else None
        pod = found.root.get(*steps[:-2])
        yield Run(found.kind, found.name, found.path, port, probed, _kept(found, pod, node) if pod else None)


def _kept(found: Object, pod: Node, container: Node) -> str | None:
    """The first path at which the container may write to a claimed volume or a folder of the node."""
    if pod.get("securityContext", "fsGroup") is not None or _chosen(container) or _chosen(pod):
        return None
    volumes = pod.child("volumes")
    lasting = {
        one.text("name")
        for one in (volumes.items if volumes else ())
        if one.child("persistentVolumeClaim") is not None or one.child("hostPath") is not None
    }
    templates = found.root.get("spec", "volumeClaimTemplates")
    lasting |= {one.text("metadata", "name") for one in (templates.items if templates else ())}
    mounted = container.child("volumeMounts")
    for one in mounted.items if mounted else ():
        if one.text("name") in lasting and one.text("readOnly") != "true":
            return one.text("mountPath")
    return None


def _chosen(node: Node) -> bool:
    """Whether the manifest says as whom it runs, whatever the image says."""
    return node.get("securityContext", "runAsUser") is not None


def _names(tree: SourceTree, path: str) -> Iterator[_Built]:
    """What the image is called: by Skaffold, by the build script beside it, or by its folder, where only one has it."""
    folder = posixpath.dirname(path)
    paths = list(tree.paths())
    for each in paths:
        if _SKAFFOLD.search(each) and f"{path}/".startswith(f"{posixpath.dirname(each)}/".lstrip("/")):
            for name, place in _artifacts(tree, each):
                if place == path:
                    yield _Built(name, posixpath.dirname(each))
        elif posixpath.dirname(each) == folder and _BUILDS.search(each):
            text = _bytes(tree, each).decode("utf-8", "replace")
            for name in dict.fromkeys(match[1].rstrip("/") for match in _TAGGED.finditer(text)):
                if "/" in name and "$" not in name:
                    yield _Built(name, "")
    base = posixpath.basename(folder)
    same = [each for each in paths if each == f"{base}/Dockerfile" or each.endswith(f"/{base}/Dockerfile")]
    if base and same == [path]:
        yield _Built(base, "")


@remembered
def skaffold_builds(tree: SourceTree, image: str) -> str | None:
    """The one Dockerfile that Skaffold builds an image of this name from."""
    found = {
        place
        for path in tree.paths()
        if _SKAFFOLD.search(path)
        for name, place in _artifacts(tree, path)
        if name == image and place in set(tree.paths())
    }
    return found.pop() if len(found) == 1 else None


def _artifacts(tree: SourceTree, name: str) -> Iterator[tuple[str, str]]:
    """The images that a configuration of Skaffold names, and the Dockerfile of each."""
    try:
        documents = list(yaml.safe_load_all(_bytes(tree, name)))
    except (yaml.YAMLError, RecursionError, ValueError):
        return
    for document in documents:
        build = document.get("build") if isinstance(document, dict) else None
        artifacts = build.get("artifacts") if isinstance(build, dict) else None
        for one in artifacts if isinstance(artifacts, list) else ():
            if not isinstance(one, dict) or not isinstance(one.get("image"), str):
                continue
            docker = one.get("docker")
            file = docker.get("dockerfile", "Dockerfile") if isinstance(docker, dict) else "Dockerfile"
            place = posixpath.join(posixpath.dirname(name), str(one.get("context", ".")), str(file))
            yield one["image"], posixpath.normpath(place)


def _bytes(tree: SourceTree, path: str) -> bytes:
    try:
        content = tree.read(path)
    except SourceUnavailable:
        return b""
    return content if len(content) <= _MAX_BYTES else b""
