"""What projects call themselves in their own files: an image of that name is built from the Dockerfile beside them."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Mapping

from workers.fixers.kubernetes.objects import objects
from workers.source.images import split
from workers.source.remembered import remembered
from workers.source.tree import SourceTree, text_of

_FILE = "Dockerfile"
_ANY = re.compile(r"(?:^|/)(?:Dockerfile(?:[.-][\w.-]+)?|[\w-]+\.[Dd]ockerfile)$")
_DEV = re.compile(r"dev|local|test|debug|ci\b|lint|docs?\b|example", re.IGNORECASE)
_PARENT = re.compile(r"<(parent|dependencies|build|profiles|dependencyManagement)>.*?</\1>", re.DOTALL)


def _first(pattern: str) -> Callable[[str], str]:
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda text: found[1] if (found := compiled.search(text)) else ""


def _of_json(text: str) -> str:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    name = said.get("name") if isinstance(said, dict) else ""
    return name if isinstance(name, str) else ""


_SAYS: Mapping[str, Callable[[str], str]] = {
    "package.json": _of_json,
    "composer.json": _of_json,
    "pom.xml": lambda text: _first(r"<artifactId>\s*([\w.-]+)\s*<")(_PARENT.sub("", text)),
    "go.mod": _first(r"^module\s+(\S+)"),
    "pyproject.toml": _first(r"^name\s*=\s*[\"']([\w.-]+)"),
    "Cargo.toml": _first(r"^name\s*=\s*\"([\w-]+)"),
    "settings.gradle": _first(r"rootProject\.name\s*=\s*[\"']([\w.-]+)"),
    "settings.gradle.kts": _first(r"rootProject\.name\s*=\s*[\"']([\w.-]+)"),
}


@remembered
def named(tree: SourceTree) -> tuple[str, ...]:
    """What the projects of the repository call themselves, the shortest name first."""
    said = (says(text_of(tree, path)) for path in tree.paths() if (says := _SAYS.get(posixpath.basename(path))))
    return tuple(sorted({_plain(name) for name in said if name}, key=lambda name: (len(name), name)))


@remembered
def built_as(tree: SourceTree, image: str) -> str | None:
    """The one Dockerfile that stands beside the files of a project of the image's name."""
    name = _plain(image)
    found = {
        file
        for path in tree.paths()
        if (says := _SAYS.get(posixpath.basename(path))) and _plain(says(text_of(tree, path))) == name
        if (file := posixpath.join(posixpath.dirname(path), _FILE)) in _lone(tree)
    }
    return found.pop() if name and len(found) == 1 else None


@remembered
def built_beside(tree: SourceTree, image: str) -> str | None:
    """The one Dockerfile of a folder whose name is the image's behind the project's.

    `shop-cart` is taken for what `src/cart/Dockerfile` builds, where manifests also run `shop-web`, and there is one in
    a folder `web`.
    """
    name = image.rpartition("/")[2]
    for prefix, folder in _parts(name):
        file = _alone(tree, folder)
        if file and any(
            other != name and other.startswith(prefix) and _alone(tree, other.removeprefix(prefix))
            for other in _run(tree)
        ):
            return file
    return None


def _parts(name: str) -> list[tuple[str, str]]:
    return [(name[: at.end()], name[at.end() :]) for at in re.finditer("-", name)]


@remembered
def _alone(tree: SourceTree, folder: str) -> str | None:
    """The only Dockerfile of a folder of that name."""
    found = [path for path in _lone(tree) if f"/{path}".endswith(f"/{folder}/{_FILE}")]
    return found[0] if folder and len(found) == 1 else None


@remembered
def _run(tree: SourceTree) -> frozenset[str]:
    """The last parts of the names of all images that manifests run."""
    images = (
        node.value for one in objects(tree) for path, node in one.root.walk() if path[-1:] == ("image",) and node.value
    )
    return frozenset(split(image.partition("@")[0])[0].rpartition("/")[2] for image in images)


@remembered
def _lone(tree: SourceTree) -> frozenset[str]:
    """The Dockerfiles beside which no other one stands that might be the one for production."""
    every = [path for path in tree.paths() if _ANY.search(path)]
    named = [(posixpath.dirname(path), posixpath.basename(path)) for path in every]
    others = {folder for folder, name in named if name != _FILE and not _DEV.search(name)}
    return frozenset(posixpath.join(folder, name) for folder, name in named if name == _FILE and folder not in others)


def _plain(name: str) -> str:
    """The last part of a name, as images have it."""
    return name.rpartition("/")[2].lower().replace("_", "-")
