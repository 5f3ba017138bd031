"""Lockfiles of npm, yarn, pnpm and bun: the copies of one package, and who asks for each as what."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from workers.source.manifests.declaration import Declaration, Span

_SECTIONS = ("dependencies", "optionalDependencies", "devDependencies")
_YARN_BLOCK = re.compile(r"^(?P<head>\S[^\n]*?):\r?\n(?P<body>(?:[ \t]+[^\n]*\n?|\r?\n(?=[ \t]))*)", re.MULTILINE)
_DESCRIPTOR = re.compile(r"(?P<name>@?[^@\s]+)@(?P<range>.*)")
_YARN_ROW = re.compile(r"^ {4}[\"']?(?P<name>@?[\w./-]+)[\"']?:?[ ]+[\"']?(?P<range>[^\"'\n]+)", re.MULTILINE)
_YARN_VERSION = re.compile(r"^ {2}version:?[ ]+[\"']?(?P<version>[^\"'\n]+)", re.MULTILINE)
_PNPM_KEY = re.compile(
    r"^ {2}[\"']?/?(?P<name>@?[^@/\s\"'(]+(?:/[^@/\s\"'(]+)?)[@/](?P<version>\d[^\s\"'(_:]*)", re.MULTILINE
)
_BUN_ROW = re.compile(r"^[ \t]+\"[^\"\n]+\":[ ]*\[\"(?P<name>@?[^@\"\n]+)@(?P<version>\d[^\"\n]*)\"", re.MULTILINE)
_ALIAS = re.compile(r"npm:(?P<name>@?[^@]+)@(?P<range>.+)")


class Ask(msgspec.Struct, frozen=True, order=True):
    """A request that a copy answers."""

    by: str
    """The package that asks; empty for the project itself, or a package of its workspace."""
    range: str


class Copy(msgspec.Struct, frozen=True):
    """A locked version of a package."""

    version: str
    asks: tuple[Ask, ...] = ()
    """Who asks for it; empty where the lockfile does not tell."""


def is_berry(content: bytes) -> bool:
    """Whether yarn 2 or later wrote the lockfile."""
    return b"__metadata:" in content


def copies(path: str, content: bytes, name: str) -> tuple[Copy, ...]:
    """The locked versions of a package; empty where the lockfile cannot be read."""
    found = _merged(_found(posixpath.basename(path), content, name))
    return tuple(Copy(version, tuple(sorted(set(asks)))) for version, asks in found)


def _merged(found: Iterable[tuple[str, list[Ask]]]) -> Iterator[tuple[str, list[Ask]]]:
    merged: dict[str, list[Ask]] = {}
    for version, asks in found:
        merged.setdefault(version, []).extend(asks)
    yield from merged.items()


def _found(lock: str, content: bytes, name: str) -> Iterator[tuple[str, list[Ask]]]:
    if lock in ("package-lock.json", "npm-shrinkwrap.json"):
        yield from _of_npm(content, name)
    elif lock == "yarn.lock":
        yield from _of_yarn(content, name)
    elif lock in ("pnpm-lock.yaml", "bun.lock"):
        pattern = _PNPM_KEY if lock == "pnpm-lock.yaml" else _BUN_ROW
        text = content.decode("utf-8", "replace")
        text = text.partition("\npackages:\n")[2].partition("\nsnapshots:\n")[0] if pattern is _PNPM_KEY else text
        yield from ((match["version"], []) for match in pattern.finditer(text) if match["name"] == name)


# --- npm ----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _npm(content: bytes) -> Mapping[str, Mapping[str, Any]]:
    """Folder → package, as lockfiles of version 2 and later have it; those of version 1 are told in the same way."""
    try:
        lock = json.loads(content)
    except ValueError:
        return {}
    if not isinstance(lock, dict):
        return {}
    return lock["packages"] if isinstance(lock.get("packages"), dict) else dict(_nested("", lock))


def _nested(folder: str, holder: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, entry in (holder.get("dependencies") or {}).items():
        inside = f"{folder}/node_modules/{name}" if folder else f"node_modules/{name}"
        alias = _ALIAS.fullmatch(entry.get("version", ""))
        real = {"name": alias["name"], "version": alias["range"]} if alias else {"version": entry.get("version", "")}
        yield inside, {**real, "dependencies": entry.get("requires") if isinstance(entry.get("requires"), dict) else {}}
        yield from _nested(inside, entry)


def _of_npm(content: bytes, name: str) -> Iterator[tuple[str, list[Ask]]]:
    packages = _npm(content)
    mine = {
        folder: entry["version"]
        for folder, entry in packages.items()
        if "node_modules/" in folder and entry.get("version") and _real(folder, entry) == name
    }
    keys = {folder.rpartition("node_modules/")[2] for folder in mine}
    asks: dict[str, list[Ask]] = {folder: [] for folder in mine}
    for folder, entry in packages.items():
        for section in _SECTIONS:
            for key in keys.intersection(entry.get(section) or {}):
                place = _resolved(packages, folder, key)
                if place in asks:
                    by = _real(folder, entry) if "node_modules/" in folder else ""
                    asks[place].append(Ask(by, entry[section][key]))
    yield from ((version, asks[folder]) for folder, version in mine.items())


def _real(folder: str, entry: Mapping[str, Any]) -> str:
    return entry.get("name") or folder.rpartition("node_modules/")[2]


def _resolved(packages: Mapping[str, Any], folder: str, name: str) -> str | None:
    """The folder that Node finds the package in, from that of who asks."""
    while True:
        place = f"{folder}/node_modules/{name}" if folder else f"node_modules/{name}"
        if place in packages:
            return place
        if not folder:
            return None
        folder = folder.rpartition("/node_modules/")[0] if "/node_modules/" in folder else ""


# --- yarn ---------------------------------------------------------------------------------------------------------


def entries(path: str, content: bytes) -> list[Declaration]:
    """The entries of a `yarn.lock`, each with the span that it can be taken out by."""
    text = content.decode("latin-1")
    found = []
    for match in _YARN_BLOCK.finditer(text):
        block = _block(match)
        if block is not None:
            gap = re.compile(r"\r?\n").match(text, match.end())
            span = Span(path, match.start(), gap.end() if gap else match.end())
            found.append(Declaration(name=block.name, version=block.version, literal=span, at=span, scope="lock"))
    return found


class _Block(msgspec.Struct, frozen=True):
    name: str
    version: str
    descriptors: frozenset[tuple[str, str]]
    wants: tuple[tuple[str, str], ...]


@lru_cache(maxsize=4)
def _yarn(content: bytes) -> tuple[_Block, ...]:
    found = (_block(match) for match in _YARN_BLOCK.finditer(content.decode("utf-8", "replace")))
    return tuple(block for block in found if block is not None)


def _block(match: re.Match[str]) -> _Block | None:
    named = [_DESCRIPTOR.fullmatch(each.strip()) for each in match["head"].replace('"', "").split(", ")]
    version = _YARN_VERSION.search(match["body"])
    descriptors = frozenset((each["name"], _plain(each["range"])) for each in named if each)
    if version is None or not descriptors or any(text.startswith("workspace:") for _, text in descriptors):
        return None
    wants = tuple((row["name"], _plain(row["range"].strip())) for row in _YARN_ROW.finditer(match["body"]))
    first, text = min(descriptors)
    alias = _ALIAS.fullmatch(text)
    return _Block(alias["name"] if alias else first, version["version"].strip(), descriptors, wants)


def _plain(text: str) -> str:
    """The range without the protocol that newer yarns write before it; an alias keeps its own."""
    return text if _ALIAS.fullmatch(text) else text.removeprefix("npm:")


def _of_yarn(content: bytes, name: str) -> Iterator[tuple[str, list[Ask]]]:
    blocks = _yarn(content)
    for block in blocks:
        if block.name == name:
            by_others = [
                Ask(other.name, text)
                for other in blocks
                for key, text in other.wants
                if (key, text) in block.descriptors
            ]
            others = {ask.range for ask in by_others}
            yield block.version, [*by_others, *(Ask("", text) for _, text in block.descriptors if text not in others)]
