"""Rules of bandit that a repository's own settings of bandit, ruff or flake8 set aside."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from workers.source.remembered import remembered
from workers.source.tree import SourceTree, folders_up, text_of

_BANDIT = (".bandit", ".bandit.yml", ".bandit.yaml", "bandit.yml", "bandit.yaml", "setup.cfg", "tox.ini")
_RUFF = ("ruff.toml", ".ruff.toml")
_CALLS = (".pre-commit-config.yaml", ".pre-commit-config.yml", "Makefile", "tox.ini", "noxfile.py")
_SKIPS = re.compile(r"^\s*skips\s*[:=](?P<codes>(?:[\s,\"'\[\]-]*B\d{3}\b(?:[ \t]*#[^\n]*)?)+)", re.MULTILINE)
_ARGUMENT = re.compile(r"(?:(?<![\w-])-s|--skip)[=\s\"',]+(?P<codes>B\d{3}(?:\s*,\s*B\d{3})*)")
_FLAKE8 = re.compile(r"^\[flake8\](?P<body>(?:\n(?!\[).*)*)", re.MULTILINE)
_IGNORES = re.compile(r"^(?:extend-)?ignore\s*=(?P<codes>.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_CODES = re.compile(r"\b[BS]\d{3}\b")


@remembered
def set_aside(tree: SourceTree, path: str, number: str) -> str | None:
    """The file whose settings leave rule `B101` (ruff's `S101`) of this number out for the file at `path`."""
    for folder in folders_up(posixpath.dirname(path)):
        for name, codes in _settings(tree, folder, posixpath.relpath(path, folder or ".")):
            if {f"B{number}", f"S{number}"} & codes:
                return posixpath.join(folder, name)
    return None


def _settings(tree: SourceTree, folder: str, path: str) -> Iterator[tuple[str, set[str]]]:
    """The files of settings in the folder, each with the codes that it leaves out for the file at `path` below."""
    project = _toml(tree, posixpath.join(folder, "pyproject.toml")).get("tool", {})
    bandit = project.get("bandit", {}) if isinstance(project, dict) else {}
    yield "pyproject.toml", {*_texts(bandit.get("skips") if isinstance(bandit, dict) else None)}
    yield "pyproject.toml", _of_ruff(project.get("ruff", {}) if isinstance(project, dict) else {}, path)
    for name in _RUFF:
        yield name, _of_ruff(_toml(tree, posixpath.join(folder, name)), path)
    for name in _BANDIT:
        text = text_of(tree, posixpath.join(folder, name))
        if "andit" in name or "[bandit]" in text:
            yield name, {code for found in _SKIPS.finditer(text) for code in _CODES.findall(found["codes"])}
        for section in _FLAKE8.finditer(text):
            ignored = (found["codes"] for found in _IGNORES.finditer(section["body"]))
            yield name, {code for codes in ignored for code in _CODES.findall(codes)}
    for name in _CALLS:
        text = text_of(tree, posixpath.join(folder, name))
        if "bandit" in text:
            yield name, {code for found in _ARGUMENT.finditer(text) for code in _CODES.findall(found["codes"])}


def _of_ruff(settings: object, path: str) -> set[str]:
    """What ruff's settings leave out everywhere, and for files like this one."""
    if not isinstance(settings, dict):
        return set()
    found: set[str] = set()
    lint = settings.get("lint")
    for table in (settings, lint if isinstance(lint, dict) else {}):
        found |= {*_texts(table.get("ignore")), *_texts(table.get("extend-ignore"))}
        for key in ("per-file-ignores", "extend-per-file-ignores"):
            files = table.get(key)
            for pattern, codes in files.items() if isinstance(files, dict) else ():
                if PurePosixPath(path).match(pattern) or _below(path, pattern):
                    found |= {*_texts(codes)}
    return found


def _below(path: str, pattern: str) -> bool:
    """Whether `folder/*` or `folder/**/*.py` names the file in one of its folders, as ruff reads it."""
    folder = pattern.partition("*")[0].strip("/")
    return "*" in pattern and bool(folder) and path.startswith(f"{folder}/") and pattern.endswith(("*", ".py"))


def _texts(given: object) -> list[str]:
    return [each for each in given if isinstance(each, str)] if isinstance(given, list) else []


def _toml(tree: SourceTree, path: str) -> dict[str, Any]:
    text = text_of(tree, path)
    try:
        return tomllib.loads(text) if text else {}
    except tomllib.TOMLDecodeError:
        return {}
