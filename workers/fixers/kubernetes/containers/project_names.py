"""The Dockerfile of an image by names: its project's, the file's or folder's own, or that there is one alone."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping

from daemon.errors import SourceUnavailable
from workers.fixers.docker.bases.images import base_named
from workers.fixers.docker.build import from_context
from workers.fixers.docker.users.written import context_of
from workers.fixers.kubernetes.manifests.kustomize import new_names
from workers.fixers.kubernetes.manifests.objects import labels, objects
from workers.source import dockerfile
from workers.source.images import latest_tags, split
from workers.source.jsonobject import json_object
from workers.source.remembered import remembered
from workers.source.tree import SourceTree, folders_up, text_of

_FILE = "Dockerfile"
_NAME = re.compile(r"Dockerfile(?:[.-]([\w-]+))?|([\w-]+)\.[Dd]ockerfile")
_DEV = re.compile(
    r"(?:^|[/._-])(?:dev(?:el|elopment|container)?|local|tests?|e2e|debug|ci|lint|docs?|examples?|samples?)(?:$|[/._-])",
    re.IGNORECASE,
)
_ACCOUNTS = re.compile(r"^(?!602401143452\.)\d{12}\.dkr\.ecr\.[\w.-]+/[^/]+$|\.azurecr\.io/[^/]+$|^(?:your|my)[\w-]*/")
"""Registries of one account's own, and names that stand for one. (602401143452 is Amazon's, for EKS.)"""
_PARENT = re.compile(r"<(parent|dependencies|build|profiles|dependencyManagement)>.*?</\1>", re.DOTALL)


def _first(pattern: str) -> Callable[[str], str]:
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda text: found[1] if (found := compiled.search(text)) else ""


def _of_json(text: str) -> str:
    name = json_object(text).get("name")
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
    name = _bare(image)
    found = {
        file
        for path in tree.paths()
        if (says := _SAYS.get(posixpath.basename(path))) and _bare(says(text_of(tree, path))) == name
        if (file := posixpath.join(posixpath.dirname(path), _FILE)) in _plain_files(tree)
    }
    return found.pop() if name and len(found) == 1 else None


@remembered
def built_beside(tree: SourceTree, image: str) -> str | None:
    """The one Dockerfile that has, as its folder has or itself, the image's name behind the project's.

    `shop-cart` is taken for what `src/cart/Dockerfile` or `cart.Dockerfile` builds, where manifests also run
    `shop-web` and there is one for `web`, or where something else is called `shop`. `shop` itself is the one beside
    `Dockerfile.cart`.
    """
    name = image.rpartition("/")[2]
    others = {each.rpartition("/")[2] for each in _run(tree)} - {name}
    for at in re.finditer("-", name):
        prefix, file = name[: at.end()], _alone(tree, name[at.end() :])
        same = (each.removeprefix(prefix) for each in others if each.startswith(prefix))
        if file and (_bare(prefix) in _called(tree) or any(_alone(tree, each) for each in same)):
            return file
    for each in sorted(others):
        beside = _alone(tree, each.removeprefix(f"{name}-")) if each.startswith(f"{name}-") else None
        if beside and posixpath.basename(beside) != _FILE:
            plain = posixpath.join(posixpath.dirname(beside), _FILE)
            return plain if plain in _plain_files(tree) else None
    return None


@remembered
def built_alone(tree: SourceTree, image: str) -> str | None:
    """The only Dockerfile of the repository, for the only image of an account's own registry, or of none.

    It has to be the repository's program that it builds: what it copies lies at the top. So has that of a folder which
    holds every manifest that runs the image, and such a Dockerfile.
    """
    manifests = [posixpath.dirname(path) for path, images in _images(tree) if image in images]
    for folder in folders_up(posixpath.commonpath(manifests) if manifests and all(manifests) else ""):
        prefix = f"{folder}/" if folder else ""
        files = [path for path in _dockerfiles(tree) if path.startswith(prefix)]
        run = {one for path, images in _images(tree) if path.startswith(prefix) for one in images}
        alike = {one for one in run if _is_private(one) and ("/" in one) == ("/" in image)}
        if files:
            alone = len(files) == 1 and alike == {image} and not new_names(tree, image)
            return files[0] if alone and _builds(tree, files[0], folder) else None
    return None


def _builds(tree: SourceTree, path: str, folder: str) -> bool:
    """Whether a Dockerfile builds what lies in a folder."""
    try:
        file = dockerfile.parse(tree.read(path), path)
    except (SourceUnavailable, dockerfile.DockerfileBroken):
        return False
    takes = any(map(from_context, file.instructions))
    return bool(file.stages) and takes and context_of(tree, file).rstrip("/") == folder


def _is_private(image: str) -> bool:
    """Whether an image is in an account's own registry, or has a short name that is no official one's."""
    if "/" in image:
        return bool(_ACCOUNTS.search(image))
    return not (latest_tags(image)[0] or base_named(image).family)


@remembered
def _alone(tree: SourceTree, label: str) -> str | None:
    """The only Dockerfile of a label."""
    found = [path for path, of in _dockerfiles(tree).items() if of == label.lower()]
    fits = len(found) == 1 and (posixpath.basename(found[0]) != _FILE or found[0] in _plain_files(tree))
    return found[0] if label and fits else None


@remembered
def _dockerfiles(tree: SourceTree) -> dict[str, str]:
    """The Dockerfiles that are no developer's, each with what its name, or its folder's, says of it."""
    found = {}
    for path in tree.paths():
        folder, name = posixpath.split(path)
        if match := _NAME.fullmatch(name):
            label = match[1] or match[2] or posixpath.basename(folder)
            if not _DEV.search(label if name != _FILE else f"{folder}/"):
                found[path] = label.lower()
    return found


@remembered
def _plain_files(tree: SourceTree) -> frozenset[str]:
    """Those without a label, beside which no labelled one stands that might be the one for production."""
    run = {image.rpartition("/")[2] for image in _run(tree)}
    every = _dockerfiles(tree)
    doubtful = {
        posixpath.dirname(path)
        for path, label in every.items()
        if posixpath.basename(path) != _FILE and not any(image.endswith(f"-{label}") for image in run)
    }
    return frozenset(p for p in every if posixpath.basename(p) == _FILE and posixpath.dirname(p) not in doubtful)


@remembered
def _run(tree: SourceTree) -> frozenset[str]:
    """The names of all images that manifests run, without their tags."""
    return frozenset(one for _, images in _images(tree) for one in images)


@remembered
def _images(tree: SourceTree) -> tuple[tuple[str, frozenset[str]], ...]:
    """The manifest of each object that runs images, and their names."""
    found = []
    for one in objects(tree):
        named = [node.value for path, node in one.root.walk() if path[-1:] == ("image",) and node.value]
        found.append((one.path, frozenset(split(image.partition("@")[0])[0] for image in named)))
    return tuple(pair for pair in found if pair[1])


@remembered
def _called(tree: SourceTree) -> frozenset[str]:
    """What projects, namespaces and labels are called here."""
    found = {*named(tree), *(one.namespace or "" for one in objects(tree))}
    for one in objects(tree):
        found |= set((labels(one.root.get("metadata", "labels")) or {}).values())
    return frozenset(map(_bare, found)) - {""}


def _bare(name: str) -> str:
    """The last part of a name, as it is compared."""
    return re.sub(r"[-_]", "", name.rpartition("/")[2].lower())


def _plain(name: str) -> str:
    """The last part of a name, as images have it."""
    return name.rpartition("/")[2].lower().replace("_", "-")
