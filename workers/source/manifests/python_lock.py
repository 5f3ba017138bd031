"""Lockfiles of Poetry, uv, PDM and Pipenv: who asks for a package, and which packages others bring along."""

from __future__ import annotations

import json
import posixpath
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from workers.source.manifests.python import normal_name


class Ask(msgspec.Struct, frozen=True, order=True):
    """A request of one locked package for another."""

    by: str
    spec: str
    """As the lockfile writes it; empty where it does not."""


def asks(content: bytes, name: str) -> list[Ask]:
    """Who asks for the package (its normalised name); empty where the lockfile does not tell."""
    found = [
        Ask(by, spec)
        for by, wants in _packages(content).items()
        for wanted, specs in wants.items()
        if wanted == name
        for spec in specs
    ]
    return sorted(set(found))


def reached(content: bytes, roots: Iterable[str]) -> set[str]:
    """The roots and all that they bring along, by normalised names."""
    packages = _packages(content)
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += packages.get(name, ())
    return seen


def is_development(path: str, content: bytes, name: str) -> bool:
    """Whether Pipenv locks the package for development alone."""
    if posixpath.basename(path) != "Pipfile.lock":
        return False
    try:
        lock = json.loads(content)
    except ValueError:
        return False
    held = {section: {normal_name(each) for each in lock.get(section) or ()} for section in ("default", "develop")}
    return name in held["develop"] and name not in held["default"]


@lru_cache(maxsize=4)
def _packages(content: bytes) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Package → what it asks for → as which."""
    try:
        lock = tomllib.loads(content.decode("utf-8", "replace"))
    except tomllib.TOMLDecodeError:
        return {}
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for package in lock.get("package", ()):
        wants = found.setdefault(normal_name(package.get("name", "")), {})
        for wanted, specs in _wants(package.get("dependencies") or {}):
            wants[wanted] = (*wants.get(wanted, ()), *specs)
    return found


def _wants(dependencies: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Poetry keeps a table of names with their versions, uv and PDM lists."""
    if isinstance(dependencies, Mapping):
        for name, wanted in dependencies.items():
            rows = wanted if isinstance(wanted, list) else [wanted]
            yield (
                normal_name(name),
                tuple(row.get("version", "") if isinstance(row, Mapping) else str(row) for row in rows),
            )
        return
    for row in dependencies:
        name = row.get("name", "") if isinstance(row, Mapping) else str(row)
        yield normal_name(name.split("[")[0].split("<")[0].split(">")[0].split("=")[0].split(";")[0].strip()), ("",)
