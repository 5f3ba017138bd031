"""Dockerfiles whose image starts a program of the repository: its own network is all that reaches it there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from daemon.domain.fix import Edit
from daemon.errors import SourceUnavailable
from workers.fixers.docker.build import final_stage, lineage
from workers.fixers.docker.edits import insert_at_end
from workers.source.dockerfile import Dockerfile, DockerfileBroken, Stage, parse
from workers.source.tree import SourceTree, text_of

DOCKERFILE = re.compile(r"(?:^|/)(?:[\w.-]+\.)?(?:Docker|Container)file(?:\.[\w.-]+)?$")
_COMPOSE = re.compile(r"(?:^|/)(?:docker-)?compose[^/]*\.ya?ml$")
_MAX_FILES = 50


def starting(tree: SourceTree, path: str) -> list[tuple[Dockerfile, Stage]]:
    """The final stages that start the program, of the Dockerfiles in its folder and above."""
    name = re.compile(rf"(?<![\w.-]){re.escape(posixpath.basename(path))}(?![\w.-])")
    return [(file, stage) for file, stage in _above(tree, path) if name.search(_command(file, stage))]


def composed(tree: SourceTree, path: str) -> str | None:
    """The Compose file whose service names the program as what it runs."""
    named = re.compile(rf"(?<![\w.-]){re.escape(posixpath.basename(path))}(?![\w.-])")
    files = [each for each in tree.paths() if _COMPOSE.search(each)]
    return next((each for each in files[:_MAX_FILES] if named.search(text_of(tree, each))), None)


def variable(images: list[tuple[Dockerfile, Stage]], name: str, value: str) -> list[Edit]:
    """`ENV NAME=value` in each of them that gives the variable no value itself."""
    return [
        insert_at_end(file, stage, f"ENV {name}={value}")
        for file, stage in images
        if not any(re.search(rf"\b{name}\b", one.text) for each in lineage(file, stage) for one in each.all("ENV"))
    ]


def _above(tree: SourceTree, path: str) -> Iterator[tuple[Dockerfile, Stage]]:
    found = [each for each in tree.paths() if DOCKERFILE.search(each) and path.startswith(each.rpartition("/")[0])]
    for each in found[:_MAX_FILES]:
        try:
            file = parse(tree.read(each), each)
        except (SourceUnavailable, DockerfileBroken):
            continue
        if file.stages:
            yield file, final_stage(file)


def _command(file: Dockerfile, stage: Stage) -> str:
    return " ".join(one.text for each in lineage(file, stage)[:1] for one in each.all("ENTRYPOINT", "CMD"))
