"""What the repository's own build files call the images that its Dockerfiles build."""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterator
from typing import Any

import yaml

from workers.fixers.docker.bases.images import base_named
from workers.fixers.docker.bases.workflow_builds import built_by_actions, steps_of
from workers.source.images import latest_tags
from workers.source.remembered import remembered
from workers.source.tree import SourceTree, text_of

_SCRIPTS = re.compile(r"(?:^|/)(?:[Mm]akefile|GNUmakefile|[Jj]ustfile|[\w.-]+\.(?:mk|sh|bash))$")
_YAML = re.compile(r"(?:^|/)(?:docker-)?compose[^/]*\.ya?ml$|^\.github/workflows/[^/]+\.ya?ml$")
_BUILD = re.compile(
    r"\b(?:(?:docker|podman|nerdctl)\s+(?:buildx\s+|image\s+)?build|buildah\s+(?:bud|build)|az\s+acr\s+build"
    r"|gcloud\s+(?:beta\s+)?(?:container\s+)?builds\s+submit)\s([^\n;&|]*)"
)
_GOES = re.compile(r"^\s*(?:cd|pushd)\s|[;&|(]\s*(?:cd|pushd)\s", re.MULTILINE)
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_STEPS = re.compile(rf"(?:(?:^|[\s`;&])cd\s+([\w./-]+)|{_BUILD.pattern})")
_TEXTS = (".md", ".adoc", ".rst")
_TAKES = frozenset(("--build-arg", "--target", "--platform", "--label", "--network", "--progress", "--cache-from",
                    "--cache-to", "--output", "-o", "--secret", "--ssh", "--builder", "--build-context",
                    "--project", "--region", "--timeout", "--machine-type", "--registry", "-r", "--image",
                    "--resource-group", "-g"))  # fmt: skip
_OF_REGISTRY = frozenset(("--registry", "-r"))
"""How Azure's builder is told the registry, which the image's name there leaves out."""
_MAX_FILES, _MAX_BYTES = 60, 256 * 1024


@remembered
def builder_of(tree: SourceTree, image: str) -> str | None:
    """The one Dockerfile that the repository builds this image from, by a build script, Compose file or workflow.

    `image` is its name without tag and digest, as FROM has it. A variable in front of the name stands for any
    registry or account, where neither the image nor its bare name is a well-known one.
    """
    names = [path for path in tree.paths() if _SCRIPTS.search(path) or _YAML.search(path)][:_MAX_FILES]
    last = image.rpartition("/")[2]
    found = {
        path
        for name in names
        if last in (text := text_of(tree, name)) and len(text) <= _MAX_BYTES
        for built, path in (_of_yaml if _YAML.search(name) else _of_script)(name, text)
        if built == image or ("$" in built and _may_be(built, image))
    }
    existing = [path for path in found if path in set(tree.paths())]
    return existing[0] if len(existing) == 1 else None


def _may_be(built: str, image: str) -> bool:
    """Whether a name with variables in its registry or account is that of the image."""
    parts = built.split("/")
    if "$" in parts[-1] or base_named(image).family or latest_tags(image)[0] or latest_tags(parts[-1])[0]:
        return False
    pattern = "/".join(r"[\w.:/-]+" if "$" in part else re.escape(part) for part in parts)
    return re.fullmatch(pattern, image) is not None


@remembered
def documented_builder(tree: SourceTree, image: str) -> str | None:
    """The one Dockerfile that the repository's texts tell its readers to build an image of this name from.

    Whose registry it goes to is the reader's business: the last part of the name is compared.
    """
    last, paths = image.rpartition("/")[2], set(tree.paths())
    found = {
        path
        for name in paths
        if name.endswith(_TEXTS) and last in (text := text_of(tree, name)) and len(text) <= _MAX_BYTES
        for built, path in _of_text(name, text)
        if built.rpartition("/")[2] == last and path in paths
    }
    return found.pop() if len(found) == 1 else None


@functools.lru_cache(maxsize=_MAX_FILES)
def _of_script(name: str, text: str) -> list[tuple[str, str]]:
    """Image and Dockerfile of each `docker build`, or the like of it, that names both in words."""
    folder = posixpath.dirname(name)
    calls = _BUILD.findall(re.sub(r"\\\r?\n", " ", text))
    return [pair for call in calls for pair in _of_call(folder, re.findall(r"[^\s'\"]+", call))]


def _of_text(name: str, text: str) -> Iterator[tuple[str, str]]:
    """Image and Dockerfile of each `docker build` that a text has its reader call, in the folder that it went to last.

    Where that stands is seen from the text's own folder, or from the top, where its reader is.
    """
    own, here = posixpath.dirname(name), ""
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        for gone, built in _STEPS.findall(line):
            if gone:
                here = posixpath.normpath(posixpath.join(here, gone))
            for folder in dict.fromkeys((posixpath.join(own, here), here) if here else (own,)) if built else ():
                yield from _of_call(folder, re.findall(r"[^\s'\"`]+", built))


def _of_call(folder: str, words: list[str]) -> Iterator[tuple[str, str]]:
    images, file, context, option = [], None, None, ""
    for word in (part for each in words for part in (each.split("=", 1) if each.startswith("--") else [each])):
        if option:
            images += [word] if option in {"-t", "--tag", "--image"} else []
            file = word if option in {"-f", "--file"} else file
            option = ""
        elif word in _TAKES or word in {"-t", "--tag", "-f", "--file"}:
            option = word
        elif not word.startswith("-"):
            context = word
    if not _OF_REGISTRY.isdisjoint(words):
        images = [f"$registry/{image}" for image in images]
    if context is not None and "$" not in f"{context}{file or ''}":
        yield from _placed(images, folder, context, posixpath.join(folder, file) if file else None)


@functools.lru_cache(maxsize=_MAX_FILES)
def _of_yaml(name: str, text: str) -> list[tuple[str, str]]:
    """Image and Dockerfile of each Compose service that has both, and of each build step of a workflow."""
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        return []
    return list(_of_document(posixpath.dirname(name), document))


def _of_document(folder: str, document: Any) -> Iterator[tuple[str, str]]:
    for service in _mappings(document, "services"):
        build = service.get("build")
        settings = build if isinstance(build, dict) else {"context": build}
        context, file = settings.get("context"), settings.get("dockerfile")
        if isinstance(context, str):
            place = posixpath.join(folder, context, file) if isinstance(file, str) else None
            yield from _placed([str(service.get("image", ""))], folder, context, place)
    if not isinstance(document, dict):
        return
    for step, said in steps_of(document):
        if isinstance(text := step.get("run"), str):
            yield from _of_run(text, said)
    for build in built_by_actions(document):
        yield from _placed(*build)


def _of_run(text: str, said: list[Any]) -> Iterator[tuple[str, str]]:
    """What a step's commands build, in the folder that it or what is around it names; elsewhere they may go is left."""
    folders = (one.get("working-directory") for one in said if isinstance(one, dict))
    folder = str(next(filter(None, folders), ""))
    if "${{" in folder or _GOES.search(text):
        return
    calls = _BUILD.findall(re.sub(r"\\\r?\n", " ", _EXPRESSION.sub("$", text)))
    for call in calls:
        yield from _of_call(folder, re.findall(r"[^\s'\"]+", call))


def _mappings(document: Any, key: str) -> list[dict[str, Any]]:
    inner = document.get(key) if isinstance(document, dict) else None
    return [each for each in inner.values() if isinstance(each, dict)] if isinstance(inner, dict) else []


def _placed(images: list[str], folder: str, context: str, file: str | None) -> Iterator[tuple[str, str]]:
    path = posixpath.normpath(file or posixpath.join(folder, context, "Dockerfile"))
    for image in images:
        name = re.sub(r"(?::[^/]*)?(?:@.*)?$", "", image)
        if name:
            yield name, path
