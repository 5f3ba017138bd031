"""The Kubernetes objects of a repository: who selects whom, and a document of one's own beside another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from daemon.domain.fix import Edit
from daemon.errors import SourceUnavailable
from workers.fixers.kubernetes.manifests.templated import templated
from workers.fixers.registry import NoFix
from workers.source import yamldoc, yamledit, yamltext
from workers.source.remembered import remembered
from workers.source.tree import SourceTree
from workers.source.yamldoc import Node, YamlDoc

_KIND = re.compile(rb"^kind:", re.MULTILINE)
_MARK = re.compile(rb"^---", re.MULTILINE)
_REMEMBERED_FILES = 1024


class Object(msgspec.Struct, frozen=True):
    """One object of one manifest."""

    path: str
    root: Node

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.root.text("kind")

    @property
    def name(self) -> str:
        """Its name; empty where the server makes one up."""
        return self.root.text("metadata", "name")

    @property
    def namespace(self) -> str:
        """The namespace that it names; empty where it names none."""
        return self.root.text("metadata", "namespace")


@remembered
def objects(tree: SourceTree) -> tuple[Object, ...]:
    """Every object that a manifest of the repository holds; templates and what is no YAML hold none."""
    return tuple(one for path in tree.paths() for one in objects_of(tree, path))


def objects_of(tree: SourceTree, path: str) -> tuple[Object, ...]:
    """Those of one manifest."""
    if not path.endswith((".yaml", ".yml")):
        return ()
    try:
        content = tree.read(path)
    except SourceUnavailable:
        return ()
    return _of(path, content) if _KIND.search(content) and not templated(path, content) else ()


@lru_cache(maxsize=_REMEMBERED_FILES)
def _of(path: str, content: bytes) -> tuple[Object, ...]:
    """The objects of one file: every finding of the repository asks again."""
    try:
        roots = yamldoc.parse(content, path).roots
    except yamldoc.YamlBroken:
        return ()
    found = []
    for root in roots:
        items = root.child("items") if root.text("kind").endswith("List") else None
        found += [Object(path, node) for node in (items.items if items else (root,)) if node.text("kind")]
    return tuple(found)


def labels(node: Node | None) -> dict[str, str] | None:
    """A mapping of plain texts; none where it is missing, empty, or holds anything else."""
    if node is None or node.kind != "mapping" or any(value.kind != "scalar" for _, value in node.entries):
        return None
    return {key.value: value.value for key, value in node.entries} or None


def selects(selector: Mapping[str, str] | None, wanted: Mapping[str, str]) -> bool:
    """Whether a selector of labels, which is not empty, matches."""
    return bool(selector) and all(wanted.get(key) == value for key, value in (selector or {}).items())


def document_behind(doc: YamlDoc, index: int, value: Mapping[str, yamltext.Value]) -> Edit:
    """An edit that writes one more document of the file, behind the one at `index`.

    Raises:
        NoFix: where that document ends is not plain to see.
    """
    _refuse_json(doc)
    root = doc.roots[index]
    text = yamltext.render(value, -doc.unit, doc.unit).lstrip("\n")
    if index + 1 == len(doc.roots):
        end = len(doc.content)
        newline = "" if doc.content.endswith((b"\n", b"\r")) else "\n"
        return yamledit.edit(doc, end, end, f"{newline}---\n{text}" + ("" if newline else "\n"))
    mark = _MARK.search(doc.content, max(root.tail, root.end), doc.roots[index + 1].start)
    if mark is None:
        message = f"{doc.path} has no line of its own that ends the document"
        raise NoFix(message)
    return yamledit.edit(doc, mark.start(), mark.start(), f"---\n{text}\n")


def document_before(doc: YamlDoc, value: Mapping[str, yamltext.Value]) -> Edit:
    """An edit that writes one more document in front of the file's first; remarks on top of the file stay there.

    Raises:
        NoFix: the file can hold one alone.
    """
    _refuse_json(doc)
    first = doc.roots[0].start
    text = yamltext.render(value, -doc.unit, doc.unit).lstrip("\n")
    if mark := _MARK.search(doc.content, doc.begin, first):
        return yamledit.edit(doc, mark.start(), mark.start(), f"---\n{text}\n")
    at = doc.line_start(first)
    return yamledit.edit(doc, at, at, f"{text}\n---\n")


def _refuse_json(doc: YamlDoc) -> None:
    if doc.path.endswith(".json"):
        message = f"{doc.path} is JSON, which holds one object"
        raise NoFix(message)


def declared(value: Mapping[str, yamltext.Value], name: str) -> str:
    """What a candidate declares that adds such a document."""
    return f"document:{value['kind']}/{name}"
