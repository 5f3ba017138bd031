"""What the workflows of a repository call the images that its Dockerfiles build."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

Build = tuple[list[str], str, str, str | None]
"""The images' names, the folder that the others are seen from, the context and the Dockerfile seen from the top."""

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_METADATA = re.compile(r"\s*steps\.([\w-]+)\.outputs\.tags\s*")
_BUILDS = re.compile(r"build|publish|push|docker|container|image", re.IGNORECASE)
_CONTEXTS = frozenset(("context", "build-context", "docker-context", "docker-build-context"))
_FILES = frozenset(("file", "dockerfile", "dockerfile-path", "docker-file", "docker-file-path"))
_NAMES = frozenset(("image", "images", "image-name", "image-names", "docker-image", "docker-image-name", "repository",
                    "tags", "docker-tags"))  # fmt: skip
_MAX_VARIANTS = 60


def steps_of(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    """Each step, with what is known in words filled in, and what it, its job and the workflow say of all commands."""
    for job, known, steps in _runs(document):
        said = [_filled(_defaults(one), known) for one in (job, document)]
        yield from ((step, [step, *said]) for step in steps)


def built_by_actions(document: dict[str, Any]) -> Iterator[Build]:
    """What docker/build-push-action builds, and what other actions and called workflows are told to in the same words.

    A name is the images' where it stands beside the folder or the Dockerfile that they are made from.
    """
    for job, known, steps in _runs(document):
        named: dict[str, str] = {}
        for step in steps:
            if not isinstance(values := step.get("with"), dict):
                continue
            action = str(step.get("uses", ""))
            if action.startswith("docker/metadata-action@"):
                named[str(step.get("id"))] = str(values.get("images", ""))
            elif action.startswith("docker/build-push-action@"):
                tags = str(values.get("tags", ""))
                images = [tags, *(named.get(one, "") for one in _METADATA.findall(" ".join(_EXPRESSION.findall(tags))))]
                file = values.get("file")
                yield _words(images), "", str(values.get("context", ".")), file if isinstance(file, str) else None
            else:
                yield from _told(action, values)
        values = _filled(job.get("with"), known)
        if isinstance(values, dict):
            yield from _told(str(job.get("uses", "")), values)


def _runs(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, str], list[dict[str, Any]]]]:
    """Each job in each of its runs: what is known there in words, and the steps with that filled in."""
    for job in _mappings(document.get("jobs")):
        for known in _variants(document, job):
            steps = _filled(job.get("steps"), known)
            yield job, known, [each for each in steps if isinstance(each, dict)] if isinstance(steps, list) else []


def _told(action: str, values: dict[str, Any]) -> Iterator[Build]:
    """What an action of whoever it is, called after building, is told to make."""
    said = {str(key).lower().replace("_", "-"): value for key, value in values.items() if isinstance(value, str)}
    context = next((said[key] for key in sorted(_CONTEXTS & said.keys())), None)
    file = next((said[key] for key in sorted(_FILES & said.keys())), None)
    images = _words([said[key] for key in sorted(_NAMES & said.keys())])
    if not images or (context is None and file is None) or not _BUILDS.search(action):
        return
    yield images, "", context or ".", file
    if file is not None and context is not None:
        # Whether it is seen from the context is up to whoever writes the action: where both exist, neither is meant.
        yield images, "", context, posixpath.join(context, file)


def _words(texts: list[str]) -> list[str]:
    """The images that texts name, one a line, or parted by commas; `name=` as docker/metadata-action has it."""
    found = []
    for text in texts:
        for part in re.split(r"[\s,]+", _EXPRESSION.sub("$x", text)):
            key, equals, value = part.partition("=")
            if part and (not equals or key == "name"):
                found.append(value if equals else part)
    return found


def _variants(document: dict[str, Any], job: dict[str, Any]) -> list[dict[str, str]]:
    """What `env` and `matrix` are in each of a job's runs."""
    env = {f"env.{key}": value for one in (document, job) for key, value in _texts(one.get("env")).items()}
    strategy = job.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
    if not isinstance(matrix, dict):
        return [env]
    axes = {
        key: value for key, value in matrix.items() if isinstance(value, list) and key not in ("include", "exclude")
    }
    crossed = [dict(zip(axes, values, strict=True)) for values in itertools.islice(
        itertools.product(*axes.values()), _MAX_VARIANTS)]  # fmt: skip
    include = matrix.get("include")
    added = [one for one in include if isinstance(one, dict)][:_MAX_VARIANTS] if isinstance(include, list) else []
    return [{**env, **_flat("matrix", run)} for run in [*(crossed if axes else ()), *added]] or [env]


def _flat(name: str, values: Mapping[Any, Any]) -> dict[str, str]:
    """The texts of a mapping and of the mappings inside of it, by what an expression calls each."""
    found: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= _flat(f"{name}.{key}", value)
        elif isinstance(value, str | int):
            found[f"{name}.{key}"] = str(value)
    return found


def _texts(values: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in values.items()} if isinstance(values, dict) else {}


def _filled(value: Any, known: Mapping[str, str]) -> Any:
    """A part of a document with the values in the place of the expressions that name them."""
    if isinstance(value, dict):
        return {key: _filled(each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, known) for each in value]
    if not isinstance(value, str):
        return value
    return _EXPRESSION.sub(lambda match: known.get(match[1].strip(), match[0]), value)


def _defaults(document: dict[str, Any]) -> Any:
    """What a job or a workflow says of all of its commands."""
    said = document.get("defaults")
    return said.get("run") if isinstance(said, dict) else None


def _mappings(inner: Any) -> list[dict[str, Any]]:
    return [each for each in inner.values() if isinstance(each, dict)] if isinstance(inner, dict) else []
