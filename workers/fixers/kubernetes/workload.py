"""The flagged resource: its pod, its containers, and edits below them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from daemon.domain.fix import Edit
from daemon.errors import SourceUnavailable
from workers.fixers.changed import changed
from workers.fixers.kubernetes.manifests.filled_in import patch_of, read_by
from workers.fixers.kubernetes.manifests.made import made_by
from workers.fixers.kubernetes.manifests.templated import templated
from workers.fixers.registry import Harmless, NoFix, OtherLanguage, Target
from workers.source import yamldoc, yamledit, yamltext
from workers.source.yamldoc import Node, Path, YamlDoc

_POD_PATHS: dict[str, Path] = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_TEMPLATE: Path = ("spec", "template", "spec")
_TEMPLATED = frozenset(
    ("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job", "DeploymentConfig")
)
_MERGE = "<<"


class Part(msgspec.Struct, frozen=True):
    """A mapping of the manifest, with its path from its document's root."""

    path: Path
    node: Node


class Resource:
    """The Kubernetes object that a finding is about."""

    def __init__(self, target: Target) -> None:
        """Read it.

        Raises:
            NoFix: the manifest is a template, no YAML, holds no such object, or something makes it.
        """
        self.target = target
        self.doc = _read(target)
        region = target.finding.location.region
        self.line = region.start_line if region else 1
        self.end_line = region.last_line if region else self.line
        self.index, self.root, self.path = self._find()
        self.kind = self.root.text("kind")
        if maker := made_by(target.tree, self.doc, self.index, self.root):
            message = f"{self.doc.path} is not written by hand: {maker}"
            raise NoFix(message)

    @property
    def prefix(self) -> str:
        """The document's position, where the file holds several, as declared paths start."""
        return f"{self.index}." if len(self.doc.roots) > 1 else ""

    @property
    def pod(self) -> Part:
        """The pod's spec.

        Raises:
            NoFix: this kind runs no pod.
            Harmless: it does, and this object leaves the pod out, or its image.
        """
        path = _POD_PATHS.get(self.kind) or (_TEMPLATE if self.kind in _TEMPLATED else None)
        node = self.root.get(*path) if path else None
        if path is None or node is None or node.kind != "mapping":
            message = f"{self.kind or 'this object'} has no pod specification of its own"
            if path is not None and node is None:
                # A Deployment without one is no manifest that a cluster takes.
                message += ": it is a patch of another file's, or what a test expects, and runs nothing by itself"
                raise Harmless(message)
            raise NoFix(message)
        if kustomization := patch_of(self.target.tree, self.doc.path):
            message = f"{kustomization} lays this over an object of another file, where it belongs"
            raise Harmless(message)
        containers = node.child("containers")
        if containers is None and self.kind in _TEMPLATED:
            message = (
                f"this {self.kind} has no containers: it is a patch of another file's, where this belongs, or what a "
                "test expects of a running one"
            )
            raise Harmless(message)
        if any(one.child(_MERGE) is not None for one in (containers.items if containers else ())):
            message = "a container takes over another one's keys (`<<`): one that is set here would replace what it has"
            raise NoFix(message)
        if any(
            one.kind == "mapping" and one.child("image") is None for one in (containers.items if containers else ())
        ):
            message = (
                f"a container of this {self.kind} names no image: it is a patch of another file's, where this belongs, "
                "or what a test expects of a running one"
            )
            raise Harmless(message)
        return Part((*self.path, *path), node)

    def containers(self, flagged: Callable[[Node], bool], *, init: bool = True) -> list[Part]:
        """The containers of the pod that have the weakness; only the one pointed at, where the finding points at one.

        Raises:
            NoFix: none has it.
        """
        pod = self.pod
        found = []
        for section in ("containers", "initContainers") if init else ("containers",):
            items = pod.node.child(section)
            for index, node in enumerate(items.items if items else ()):
                if node.kind == "mapping" and flagged(node):
                    found.append(Part((*pod.path, section, index), node))
        pointed = [part for part in found if self._points_at(part.node)]
        if not found:
            message = f"no container of this {self.kind} has the weakness"
            raise NoFix(message)
        return pointed or found

    def put(self, part: Part, values: Mapping[str, yamltext.Value]) -> list[Edit]:
        """Edits that set these keys below a mapping, nested ones too; what is right already stays.

        Raises:
            NoFix: an alias or a scalar stands on the way.
        """
        return list(self._merge(part.node, values))

    def append(self, part: Part, key: str, *items: Mapping[str, yamltext.Value]) -> list[Edit]:
        """Edits that add items to a list below a mapping, which is made where it is missing.

        Raises:
            NoFix: an alias stands there.
        """
        old = part.node.child(key)
        if not items:
            return []
        _refuse_alias(key, old)
        if old is None or not old.items:
            return [yamledit.set_key(self.doc, part.node, key, list(items))]
        return [yamledit.append_item(self.doc, old, item) for item in items]

    candidate = staticmethod(changed)

    def declare(self, part: Part, *keys: str) -> list[str]:
        """Declared paths of keys below a part."""
        base = f"{self.prefix}{yamldoc.dotted(part.path)}".rstrip(".")
        return [f"{base}.{key}" if base else key for key in keys]

    def _find(self) -> tuple[int, Node, Path]:
        """The document, or the item of a List, at the finding's line."""
        roots = self.doc.roots
        at = self.doc.offset(self.line)
        index = max((number for number, root in enumerate(roots) if self._begin(root) <= at), default=0)
        if not roots[index].text("kind") and index + 1 < len(roots):
            index += 1
        root = roots[index]
        items = root.child("items")
        if root.text("kind").endswith("List") and items is not None:
            begun = [(place, node) for place, node in enumerate(items.items) if self._begin(node) <= at]
            place, node = begun[-1] if begun else (0, items.items[0] if items.items else root)
            return index, node, ("items", place)
        if not root.text("kind") or root.kind != "mapping":
            message = f"{self.doc.path} holds no Kubernetes object at line {self.line}"
            raise NoFix(message)
        return index, root, ()

    def _begin(self, root: Node) -> int:
        """Where a document's first line starts; comments above it are another matter."""
        return self.doc.line_start(root.start)

    def _points_at(self, node: Node) -> bool:
        """Whether the finding's region lies inside a container, rather than around it."""
        first, last = self.doc.line_of(node.start), self.doc.line_of(node.end)
        return first <= self.line and self.end_line <= last

    def _merge(self, node: Node, values: Mapping[str, yamltext.Value]) -> Iterator[Edit]:
        for key, value in values.items():
            old = node.child(key)
            _refuse_alias(key, old)
            if isinstance(value, Mapping) and old is not None and old.kind == "mapping" and old.entries:
                yield from self._merge(old, value)
            elif old is None or not _is(old, value):
                yield yamledit.set_key(self.doc, node, key, value)


def _refuse_alias(key: str, old: Node | None) -> None:
    if old is not None and old.kind == "alias":
        message = f"{key} is an alias (*{old.value}): a change there would reach every place that uses it"
        raise NoFix(message)


def security(node: Node, *path: str) -> str:
    """A scalar below a container's or pod's `securityContext`; empty where there is none."""
    return node.text("securityContext", *path)


def is_true(text: str) -> bool:
    """Whether YAML means true."""
    return text.lower() in ("true", "yes", "on")


def values(node: Node | None) -> list[str]:
    """The scalars of a list, in upper case."""
    return [item.value.upper() for item in node.items] if node is not None else []


def _is(node: Node, value: yamltext.Value) -> bool:
    if isinstance(value, bool):
        return node.kind == "scalar" and not node.style and node.value.lower() == str(value).lower()
    if isinstance(value, str | int):
        return node.kind == "scalar" and node.value == str(value)
    if isinstance(value, Sequence):
        return [item.value for item in node.items] == list(value)
    return False


def _read(target: Target) -> YamlDoc:
    path = target.finding.path
    if path is None:
        message = "the finding names no manifest of the repository"
        raise NoFix(message)
    if path.endswith((".tf", ".tofu")):
        message = f"{path} is a Terraform module, not a manifest"
        raise OtherLanguage(message)
    try:
        content = target.tree.read(path)
    except SourceUnavailable as error:
        raise NoFix(str(error)) from error
    if templated(path, content):
        message = f"{path} is a Helm template: its values decide, and a template cannot be edited as YAML"
        raise NoFix(message)
    if program := read_by(target.tree, path):
        message = f"{program} reads {path} and makes objects of it: which image they run is decided there"
        raise NoFix(message)
    try:
        return yamldoc.parse(content, path)
    except yamldoc.YamlBroken as error:
        raise NoFix(str(error)) from error
