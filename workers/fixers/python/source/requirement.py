"""Whether a package that a fix needs is there, or at least has a place where it can be asked for."""

from __future__ import annotations

import posixpath

from workers.fixers.registry import NoFix
from workers.source.manifests.python import declarations, is_requirements, normal_name
from workers.source.tree import SourceTree, folders_up, text_of

_MANIFESTS = ("pyproject.toml", "setup.py", "setup.cfg", "Pipfile")


def is_required(tree: SourceTree, path: str, package: str) -> bool:
    """Whether a manifest in the file's folder or above asks for the package already.

    Raises:
        NoFix: none there asks for any package, so that nobody would install it.
    """
    found = [place for manifest in manifests(tree, path) for place in declarations(manifest, _content(tree, manifest))]
    if not found and any(each != path for each in tree.paths()):
        message = (
            f"{path} would need the package {package}, and nothing in the repository says which packages its Python "
            "gets: install it where this runs, then import it"
        )
        raise NoFix(message)
    return any(place.name == normal_name(package) for place in found)


def asks_for(tree: SourceTree, path: str, package: str) -> bool:
    """Whether a manifest in the file's folder or above names the package."""
    places = (place for each in manifests(tree, path) for place in declarations(each, _content(tree, each)))
    return any(place.name == normal_name(package) for place in places)


def manifests(tree: SourceTree, path: str) -> list[str]:
    """What says which packages the file gets: in its folder or above, and beside these in one of requirements."""
    around = set(folders_up(posixpath.dirname(path)))
    beside = {posixpath.join(folder, name) for folder in around for name in ("requirements", "deps", "dependencies")}
    return [
        each
        for each in tree.paths()
        if posixpath.dirname(each) in around | beside
        and (posixpath.basename(each) in _MANIFESTS or is_requirements(each))
    ]


def _content(tree: SourceTree, path: str) -> bytes:
    return text_of(tree, path).encode()
