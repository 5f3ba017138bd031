"""Manifests that are no objects by themselves: a program makes some of them, a kustomization lays them over others."""

from __future__ import annotations

import posixpath
import re

from workers.source import yamldoc
from workers.source.remembered import remembered
from workers.source.tests import is_test
from workers.source.tree import SourceTree, text_of

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902")
_CODE = (".js", ".mjs", ".ts", ".py", ".go", ".java", ".kt", ".cs", ".rb", ".rs")
_READS = (
    r"(?:readFile\w*|\bopen|read_text|read_bytes|ReadFile|ParseFiles|include_str!|go:embed|\w*[lL]oad\w*)\b"
    r"[^\n;]*\n?[^\n;]{0,100}"
)


@remembered
def read_by(tree: SourceTree, path: str) -> str:
    """The program that reads a manifest, beside it or one folder above; empty where none does."""
    folder, name = posixpath.split(path)
    above = posixpath.dirname(folder)
    here = re.compile(rf"{_READS}[/\"'`\s]{re.escape(name)}[\"'`\s]")
    there = re.compile(rf"{_READS}[/\"'`\s]{re.escape(posixpath.join(posixpath.basename(folder), name))}[\"'`\s]")
    for one in tree.paths():
        where = posixpath.dirname(one)
        if one.endswith(_CODE) and where in (folder, above) and not is_test(one):
            wanted = here if where == folder else there
            if wanted.search(text_of(tree, one)):
                return one
    return ""


@remembered
def patch_of(tree: SourceTree, path: str) -> str:
    """The kustomization that lays a file over an object of another one; empty where none does."""
    name = posixpath.basename(path)
    for one in tree.paths():
        folder, _, last = one.rpartition("/")
        text = text_of(tree, one) if last in KUSTOMIZATIONS else ""
        if name not in text or not any(key in text for key in _PATCHES):
            continue
        try:
            root = yamldoc.parse(text.encode(), one).root
        except yamldoc.YamlBroken:
            continue
        for key in _PATCHES:
            listed = root.child(key)
            named = (item.text("path") or item.value for item in (listed.items if listed else ()))
            if any(
                posixpath.normpath(posixpath.join(folder, each)) == path for each in named if each and "\n" not in each
            ):
                return one
    return ""
