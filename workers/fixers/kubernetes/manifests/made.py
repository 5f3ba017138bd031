"""Manifests that something makes: Helm from a chart, a script from other files, an operator's project for its release.

A change of them is gone with the next version, or the next run.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from workers.fixers.kubernetes.manifests.objects import labels
from workers.source.remembered import remembered
from workers.source.tree import SourceTree, text_of
from workers.source.yamldoc import Node, YamlDoc

_RENDERED = re.compile(r"^#[ \t]*Source:[ \t]*(?P<template>[\w./-]+/templates/[\w./-]+)", re.MULTILINE)
_OF_RELEASE = re.compile(
    r"\A(?:[ \t]*(?:#[^\n]*|---)?\n)*?[ \t]*#[^\n]*?(?P<url>https?://[^\s\"'`)]*/(?:releases/download|[\w-]*\d+\.\d+\.\d+)/[^\s\"'`)]*\.ya?ml)"
)
"""The remark on top of a file that says of which release it is."""
_GENERATED_KIND = "controller-gen.kubebuilder.io/version"
_NOTE = re.compile(
    r"/(?:created|generated)-by$|^install\.operator\.istio\.io/|^meta\.helm\.sh/release-name$|^config\.kubernetes\.io/origin$"
)
"""What programs that write manifests note on them."""
_SCRIPTS = re.compile(
    r"(?:^|/)(?:GNU|BSD)?(?:[Mm]akefile|[Jj]ustfile|Taskfile\.ya?ml|Rakefile|[\w.-]+\.(?:sh|bash|mk|ps1))$"
    r"|^\.github/workflows/[^/]+$|(?:^|/)\.gitlab-ci\.yml$"
)
_WORD = r"[\"']?([^\s\"'`;&|<>]+\.ya?ml)[\"']?(?=$|[\s;&|)])"
_WRITES = re.compile(
    rf"(?:(?<![<>=-])>{{1,2}}[ \t]*|\s(?:-o|-O|--output|--output-document)(?:=|[ \t]+)){_WORD}", re.MULTILINE
)
_VARIABLE = re.compile(r"^\$(?:\w+|\{\w+\}|\(\w+\))/+")
_REMARK = re.compile(r"^[ \t]*#")


def made_by(tree: SourceTree, doc: YamlDoc, index: int, root: Node) -> str:
    """What makes the object at `index`, and where a change of it belongs; empty where it is written by hand."""
    path = doc.path
    before = doc.roots[index - 1].tail or doc.roots[index - 1].end if index else 0
    if found := _RENDERED.search(doc.slice(before, root.start)):
        return f"Helm renders it from {found['template']}: {_IN_VALUES}"
    said = labels(root.get("metadata", "labels")) or {}
    if chart := said.get("helm.sh/chart", ""):
        return f"Helm renders it from the chart {chart}, as its labels say: {_IN_VALUES}"
    if said.get("app.kubernetes.io/managed-by", said.get("heritage", "")) in ("Helm", "Tiller"):
        return f"Helm renders it, as its labels say: {_IN_VALUES}"
    notes = labels(root.get("metadata", "annotations")) or {}
    if note := next((key for key in (*notes, *said) if _NOTE.search(key)), ""):
        return f"{note} says that a program makes it ({(notes | said)[note][:40]}): {_AGAIN}"
    if kind := next((each for each in doc.roots if _generated_kind(each)), None):
        return (
            f"controller-gen makes {kind.text('metadata', 'name')} of the same file, which an operator's build puts "
            f"together for a release: {_OVER}"
        )
    if found := _OF_RELEASE.search(doc.slice(doc.begin, doc.roots[0].start)):
        return f"it is the file of a release, {found['url']}: {_OVER}"
    if script := _written(tree, path):
        return f"{script} writes it anew: a change belongs to what that makes it from"
    return ""


_IN_VALUES = "a change belongs to the chart's values or its template, and is lost here when it is rendered again"
_AGAIN = "a change belongs to what it is told, and is lost here when it is run again"
_OVER = "the next one undoes a change here, which a kustomization laid over it outlives"


def _generated_kind(root: Node) -> bool:
    if root.text("kind") != "CustomResourceDefinition":
        return False
    notes = root.get("metadata", "annotations")
    return notes is not None and notes.child(_GENERATED_KIND) is not None


def _written(tree: SourceTree, path: str) -> str:
    """The script that writes a file, and its line; empty where none does."""
    return next((f"{script}:{line}" for script, line, word in _writing(tree) if _names(word, script, path)), "")


@remembered
def _writing(tree: SourceTree) -> list[tuple[str, int, str]]:
    """Every script's lines that write a YAML file, and how they call it."""
    scripts = (path for path in tree.paths() if _SCRIPTS.search(path))
    return [(script, line, word) for script in scripts for line, word in _words(text_of(tree, script))]


def _words(text: str) -> Iterator[tuple[int, str]]:
    """The YAML files that a script writes, each with its line."""
    for number, line in enumerate(text.splitlines(), start=1):
        for match in () if _REMARK.match(line) else _WRITES.finditer(line):
            yield number, match[1]


def _names(word: str, script: str, path: str) -> bool:
    """Whether a script means the file by a word: from the root, from its own folder, or below a variable."""
    plain = _VARIABLE.sub("", word)
    if "$" in plain:
        return False
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(script), plain))
    return path in (posixpath.normpath(plain), beside)
