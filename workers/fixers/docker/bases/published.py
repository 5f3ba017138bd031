"""The names under which a repository's own image may be published, as its manifests call the project."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from workers.source.images import latest_tags, split
from workers.source.jsonobject import json_object
from workers.source.tree import SourceTree, text_of

_HOMES = frozenset(("", "docker", "build", "build/docker", "deploy", "deploy/docker", ".docker", "packaging/docker"))
_DOCKERFILE = re.compile(r"(?:^|/)(?:Dockerfile|Containerfile)$")
_GRADLE = re.compile(r"^\s*rootProject\.name\s*=\s*[\"']([\w.-]+)", re.MULTILINE)
_MAVEN = re.compile(r"<artifactId>([\w.-]+)</artifactId>")
_MODULE = re.compile(r"^module\s+(\S+?)(?:/v\d+)?\s*$", re.MULTILINE)


def is_published(tree: SourceTree, path: str, image: str) -> bool:
    """Whether the image of a Compose file is what the Dockerfile at `path` builds, by the name of the project.

    That is the one Dockerfile of a repository, or the one at its top.
    """
    name = split(image)[0]
    if "/" not in name or "$" in name or latest_tags(name)[0] or not _DOCKERFILE.search(path):
        return False
    home = posixpath.dirname(path)
    if home not in _HOMES or (home and "Dockerfile" in set(tree.paths())):
        return False
    return plain(name.rpartition("/")[2]) in names(tree)


def names(tree: SourceTree) -> set[str]:
    """What manifests call the project, as `plain` compares it."""
    return {plain(each) for each in _projects(tree)} - {""}


def _projects(tree: SourceTree) -> Iterator[str]:
    for name in ("package.json", "composer.json"):
        yield str(json_object(text_of(tree, name)).get("name", ""))
    if match := _MODULE.search(text_of(tree, "go.mod")):
        yield match[1]
    if match := _GRADLE.search(text_of(tree, "settings.gradle") or text_of(tree, "settings.gradle.kts")):
        yield match[1]
    if match := _MAVEN.search(re.sub(r"(?s)<parent>.*?</parent>", "", text_of(tree, "pom.xml"))):
        yield match[1]
    yield from (path.removesuffix(".sln") for path in tree.paths() if "/" not in path and path.endswith(".sln"))
    for name, table in (("pyproject.toml", "project"), ("Cargo.toml", "package")):
        yield str(_table(text_of(tree, name), table).get("name", ""))


def _table(text: str, name: str) -> dict[str, Any]:
    try:
        found = tomllib.loads(text).get(name)
    except tomllib.TOMLDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def plain(name: str) -> str:
    """The last part of a name, as it is compared: `web-app` and `example/WebApp` are one."""
    return re.sub(r"[-_.]", "", name.rpartition("/")[2]).lower()
