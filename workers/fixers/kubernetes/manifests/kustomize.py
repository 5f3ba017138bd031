"""Kustomizations: what they name, the ways on which a manifest is taken in, and what they make of its images."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from daemon.errors import SourceUnavailable
from workers.fixers.kubernetes.manifests.filled_in import KUSTOMIZATIONS
from workers.source import yamldoc
from workers.source.images import split
from workers.source.remembered import remembered
from workers.source.tree import SourceTree, text_of

_RUNS = re.compile(r"(?:^|/)(?:[Mm]akefile|[Jj]ustfile|Jenkinsfile|[\w.-]+\.(?:sh|bash|mk|ps1|ya?ml))$")
_EDITS = re.compile(r"\bkustomize\s+edit\s+set\s+image\s+[\"']?([\w./-]+)(?==|:)[^\s\"']*[:@](?!latest\b)[^\s\"']+")


def root_of(tree: SourceTree, path: str) -> yamldoc.Node:
    """A kustomization's mapping; an empty one where it cannot be read."""
    try:
        return yamldoc.parse(tree.read(path), path).root
    except (yamldoc.YamlBroken, SourceUnavailable):
        return yamldoc.parse(b"{}", path).root


@remembered
def kustomized(tree: SourceTree, path: str) -> frozenset[str]:
    """The files and folders that a kustomization names."""
    folder = posixpath.dirname(path)
    texts = (node.value for _, node in root_of(tree, path).walk() if node.kind == "scalar")
    return frozenset(posixpath.normpath(posixpath.join(folder, text)) for text in texts if text and "\n" not in text)


@remembered
def ways(tree: SourceTree, path: str) -> tuple[tuple[str, ...], ...]:
    """Every way from a kustomization that is built, and not a part of another, to the one that lists the file."""
    found = _by_folder(tree)
    named = {folder: kustomized(tree, one) for folder, one in found.items()}
    parts = {one for folder, names in named.items() for one in names & found.keys() if one != folder}
    return tuple(way for folder in sorted(found.keys() - parts) for way in _from(folder, path, found, named, ()))


def _from(
    folder: str, path: str, found: Mapping[str, str], named: Mapping[str, frozenset[str]], before: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    way = (*before, found[folder])
    if path in named[folder]:
        yield way
    for one in named[folder] & found.keys():
        if found[one] not in way:
            yield from _from(one, path, found, named, way)


@remembered
def _by_folder(tree: SourceTree) -> dict[str, str]:
    return {posixpath.dirname(one): one for one in tree.paths() if posixpath.basename(one) in KUSTOMIZATIONS}


def tagged(tree: SourceTree, path: str, image: str) -> str:
    """What gives a manifest's image another tag before a cluster sees it, on every way; empty where nothing does."""
    by = [_on_way(tree, way, split(image)[0]) for way in ways(tree, path)]
    if by and all(by):
        return by[0]
    names = {split(image)[0], *new_names(tree, split(image)[0])} if by else set()
    return next((f"{script} gives {name} its tag" for script, name in _edited(tree) if name in names), "")


def _on_way(tree: SourceTree, way: tuple[str, ...], name: str) -> str:
    """What the kustomizations of a way make of an image's tag, the innermost first."""
    said = ""
    for one in reversed(way):
        for old, new, suffix in _images(tree, one):
            if old == name:
                name = new or name
                said = f"{one} gives it as {name}{suffix}" if suffix and suffix != ":latest" else said
    return said


@remembered
def new_names(tree: SourceTree, name: str) -> frozenset[str]:
    """What kustomizations put for an image of this name."""
    listed = (each for one in _by_folder(tree).values() for each in _images(tree, one))
    return frozenset(new for old, new, _ in listed if old == name and new)


def _images(tree: SourceTree, path: str) -> Iterator[tuple[str, str, str]]:
    """The images that a kustomization changes: their name, their new one, and their new tag or digest as a suffix."""
    listed = root_of(tree, path).child("images")
    for one in listed.items if listed else ():
        tag, digest = one.text("newTag"), one.text("digest")
        yield one.text("name"), one.text("newName"), f"@{digest}" if digest else f":{tag}" if tag else ""


@remembered
def _edited(tree: SourceTree) -> list[tuple[str, str]]:
    """The scripts and workflows that give images a tag by `kustomize edit`, and the images."""
    texts = ((path, text_of(tree, path)) for path in tree.paths() if _RUNS.search(path))
    return [(path, found[1]) for path, text in texts if "kustomize" in text for found in _EDITS.finditer(text)]
