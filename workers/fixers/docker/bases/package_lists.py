"""The versions that a repository itself says: its lock files, and its lists of requirements."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator

from workers.source.jsonobject import json_object
from workers.source.tree import SourceTree, text_of

_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*==\s*([\w.!+-]+)", re.MULTILINE)
_LISTS = re.compile(r"(?:^|/)(?:requirements|constraints)[\w.-]*\.(?:txt|lock)$")
_PYTHON_LOCKS = frozenset(("poetry.lock", "uv.lock", "Pipfile.lock"))
_NODE_LOCKS = frozenset(("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "package.json"))
_YARN = re.compile(r"^\"?(@?[^@\"\s]+)@[^\n]*:\n\s+\"?version\"?:?\s+\"?(\d[\w.+-]*)", re.MULTILINE)
_MANAGER = re.compile(r"(npm|pnpm|yarn)@(\d+\.\d+\.\d+)(?:\+.*)?")
_GEMS = re.compile(r"^ {4}([\w.-]+) \((\d[\w.]*)\)$", re.MULTILINE)
_BUNDLER = re.compile(r"^BUNDLED WITH\s+(\d[\d.]*)$", re.MULTILINE)
_MODULE = re.compile(r"^\s*(?:require\s+)?([\w.-]+\.[a-z]+/[\w./-]+)\s+(v\d[\w.+-]*)", re.MULTILINE)
_DEPTH = 2
Wanted = Callable[[str, str], bool]


def python_versions(tree: SourceTree, folder: str) -> dict[str, str]:
    """The one version of each Python package, by its normal name."""
    found: dict[str, set[str]] = {}
    for path, text in _near(tree, folder, lambda name, path: name in _PYTHON_LOCKS or bool(_LISTS.search(path))):
        name = path.rpartition("/")[2]
        if _LISTS.search(path):
            pairs = _PINNED.findall(text)
        else:
            pairs = _pipfile(text) if name == "Pipfile.lock" else _toml(text)
        for package, version in pairs:
            found.setdefault(re.sub(r"[-_.]+", "-", package).lower(), set()).add(version)
    return _agreed(found)


def node_versions(tree: SourceTree, folder: str) -> dict[str, str]:
    """The one version of each package of npm, and of the package manager that package.json names."""
    found: dict[str, set[str]] = {}
    for path, text in _near(tree, folder, lambda name, _: name in _NODE_LOCKS):
        if path.endswith("yarn.lock"):
            pairs = _YARN.findall(text)
        elif path.endswith("package.json"):
            pairs = [
                match.groups() for match in [_MANAGER.fullmatch(str(json_object(text).get("packageManager")))] if match
            ]
        else:
            pairs = list(_npm_lock(text))
        for package, version in pairs:
            found.setdefault(package, set()).add(version)
    return _agreed(found)


def gem_versions(tree: SourceTree, folder: str) -> dict[str, str]:
    """The one version of each gem, and of the bundler that wrote the lock."""
    found: dict[str, set[str]] = {}
    for _, text in _near(tree, folder, lambda name, _: name == "Gemfile.lock"):
        for package, version in [*_GEMS.findall(text), *(("bundler", each) for each in _BUNDLER.findall(text))]:
            found.setdefault(package, set()).add(version)
    return _agreed(found)


def go_versions(tree: SourceTree, folder: str) -> dict[str, str]:
    """The one version of each Go module that a go.mod requires."""
    found: dict[str, set[str]] = {}
    for _, text in _near(tree, folder, lambda name, _: name == "go.mod"):
        for module, version in _MODULE.findall(text):
            found.setdefault(module, set()).add(version)
    return _agreed(found)


def _agreed(found: dict[str, set[str]]) -> dict[str, str]:
    return {package: versions.pop() for package, versions in found.items() if len(versions) == 1}


def _near(tree: SourceTree, folder: str, wanted: Wanted) -> Iterator[tuple[str, str]]:
    """The files of the project that the Dockerfile belongs to: beside it, above it, or near below."""
    for path in tree.paths():
        if wanted(path.rpartition("/")[2], path) and _of_project(path, folder):
            yield path, text_of(tree, path)


def _of_project(path: str, folder: str) -> bool:
    """Whether a file stands in a folder above the Dockerfile, in one of lists there, or not far below it."""
    home = path.rpartition("/")[0]
    lists = re.sub(r"(?:^|/)(?:requirements|constraints|deps|dependencies)$", "", home)
    if any(f"{folder}/".startswith(f"{each}/" if each else "") for each in (home, lists)):
        return True
    return path.startswith(f"{folder}/" if folder else "") and path[len(folder) :].strip("/").count("/") <= _DEPTH


def _npm_lock(text: str) -> Iterator[tuple[str, str]]:
    packages = json_object(text).get("packages")
    for key, entry in (packages if isinstance(packages, dict) else {}).items():
        if key.count("node_modules/") == 1 and isinstance(entry, dict) and isinstance(entry.get("version"), str):
            yield key.partition("node_modules/")[2], entry["version"]


def _toml(text: str) -> list[tuple[str, str]]:
    try:
        packages = tomllib.loads(text).get("package", [])
    except tomllib.TOMLDecodeError:
        return []
    return [
        (each["name"], each["version"])
        for each in packages
        if isinstance(each, dict) and {"name", "version"} <= each.keys()
    ]


def _pipfile(text: str) -> list[tuple[str, str]]:
    sections = [json_object(text).get(name) for name in ("default", "develop")]
    return [
        (package, str(entry["version"]).removeprefix("=="))
        for section in sections
        if isinstance(section, dict)
        for package, entry in section.items()
        if isinstance(entry, dict) and "version" in entry
    ]
