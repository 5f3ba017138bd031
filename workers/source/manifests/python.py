"""Python: requirement files, `pyproject.toml` (PEP 621, Poetry, uv, PDM), `Pipfile`, `setup.cfg` and `setup.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from workers.source.manifests.declaration import Declaration, Span

_NAME = r"(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)"
_CLAUSE = r"(?:===|==|~=|!=|<=|>=|<|>)[ \t]*[^\s,;#\"'()\[\]]+"
_SPEC = rf"(?P<version>{_CLAUSE}(?:[ \t]*,[ \t]*{_CLAUSE})*)?"
_WANT = rf"(?P<head>{_NAME}(?:[ \t]*\[[^\]\n]*\])?)" + r"[ \t]*\(?[ \t]*" + _SPEC + r"\)?"
_REQUIREMENT = re.compile(rf"^[ \t]*{_WANT}(?P<rest>[^\n]*)$", re.MULTILINE)
_ADDRESS = re.compile(
    r"^[ \t\"']*(?P<direct>[A-Za-z0-9][\w.-]*)[ \t]*(?:\[[^\]\n]*\])?[ \t]*@[ \t]*\w[\w+.]*:|#egg=(?P<egg>[\w.-]+)",
    re.MULTILINE,
)
_MARKER = r"(?:;(?:[^\"\n]*|[^'\n]*))?"
_STRING = re.compile(rf"(?P<quote>[\"']){_WANT}[ \t]*{_MARKER}(?P=quote)")
_SECTION = re.compile(r"^[ \t]*\[\[?[ \t]*(?P<name>[^\]\n]+?)[ \t]*\]\]?", re.MULTILINE)
_ENTRY = re.compile(
    r"^[ \t]*[\"']?" + _NAME + r"[\"']?[ \t]*=[ \t]*(?:[\"'](?P<version>[^\"'\n]*)[\"']"
    r"|\{[^}\n]*?\bversion[ \t]*=[ \t]*[\"'](?P<inline>[^\"'\n]*)[\"'])",
    re.MULTILINE,
)
_ARRAY = re.compile(
    r"^[ \t]*[\"']?(?P<key>[\w.-]+)[\"']?[ \t]*=[ \t]*\[(?P<items>(?:[^\]\"']|\"[^\"\n]*\"|'[^'\n]*')*)\]", re.MULTILINE
)
_LISTS = re.compile(
    r"\b(?:install|tests|setup)_requires[ \t]*=[ \t]*\[(?P<items>(?:[^\]\"']|\"[^\"\n]*\"|'[^'\n]*')*)\]"
)
_BLOCKS = re.compile(
    r"^(?:install|tests|setup)_requires[ \t]*=[^\n]*\n(?P<items>(?:[ \t]+[^\n]*(?:\n|$)|[ \t]*\n)*)", re.MULTILINE
)
_TABLES = re.compile(
    r"tool\.poetry\.(?:dev-)?dependencies|tool\.poetry\.group\.[^.]+\.dependencies|packages|dev-packages"
)
_ARRAYS = re.compile(r"(?:project\b.*|build-system|dependency-groups|tool\.uv|tool\.pdm\.dev-dependencies)")
_ARRAY_KEYS = frozenset(
    ("dependencies", "requires", "dev-dependencies", "constraint-dependencies", "override-dependencies")
)


def normal_name(name: str) -> str:
    """PEP 503: `Foo.Bar_baz` → `foo-bar-baz`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_requirements(path: str) -> bool:
    """Whether pip reads it with `-r` or `-c`."""
    pure = PurePosixPath(path)
    return pure.suffix in (".txt", ".in") and bool(re.search(r"requirements|constraints", path))


def declarations(path: str, content: bytes) -> list[Declaration]:
    """What one manifest asks for; names are normalised, `scope` is the section."""
    text = content.decode("latin-1")
    name = PurePosixPath(path).name
    if is_requirements(path):
        return list(_requirements(path, text))
    if name == "Pipfile" or name.endswith(".toml"):
        return list(_toml(path, _blank(text)))
    if name in ("setup.py", "setup.cfg"):
        return list(_setup(path, text))
    return []


def from_elsewhere(content: bytes, name: str) -> bool:
    """Whether a line takes the package (its normalised name) from an address: `foo @ https://…`, `…#egg=foo`."""
    text = content.decode("latin-1")
    return any(normal_name(match["direct"] or match["egg"]) == name for match in _ADDRESS.finditer(text))


def has_hashes(content: bytes) -> bool:
    """Whether the requirement file pins hashes, which cannot be made up."""
    return b"--hash=" in content


def _requirements(path: str, text: str) -> Iterator[Declaration]:
    for match in _REQUIREMENT.finditer(text):
        rest = match["rest"].strip()
        if rest and not rest.startswith((";", "#", "\\", "--")):
            continue
        yield _declared(path, match, 0, "requirements")


def _setup(path: str, text: str) -> Iterator[Declaration]:
    """Every string or line with a version; of those without one only what is surely a requirement."""
    pattern, lists = (_STRING, _LISTS) if path.endswith(".py") else (_REQUIREMENT, _BLOCKS)
    certain = [match.span("items") for match in lists.finditer(text)]
    for match in pattern.finditer(text):
        rest = "" if pattern is _STRING else match["rest"].strip()
        listed = any(start <= match.start() < end for start, end in certain) and (not rest or rest[0] in ";#")
        if match["version"] or listed:
            yield _declared(path, match, 0, "install_requires")


def _blank(text: str) -> str:
    return re.sub(r"^[ \t]*#[^\n]*", lambda match: " " * len(match[0]), text, flags=re.MULTILINE)


def _toml(path: str, text: str) -> Iterator[Declaration]:
    sections = [*_SECTION.finditer(text)]
    for section, following in zip(sections, [*sections[1:], None], strict=True):
        start, end = section.end(), following.start() if following else len(text)
        name = section["name"].replace('"', "").replace("'", "")
        if _TABLES.fullmatch(name):
            yield from _table(path, text, start, end, name)
        elif _ARRAYS.fullmatch(name):
            yield from _arrays(path, text, start, end, name)


def _table(path: str, text: str, start: int, end: int, section: str) -> Iterator[Declaration]:
    for match in _ENTRY.finditer(text, start, end):
        group = "version" if match["version"] is not None else "inline"
        span = Span(path, *match.span(group))
        if normal_name(match["name"]) != "python":
            yield Declaration(
                name=normal_name(match["name"]), version=match[group], literal=span, at=span, scope=section
            )


def _arrays(path: str, text: str, start: int, end: int, section: str) -> Iterator[Declaration]:
    for array in _ARRAY.finditer(text, start, end):
        grouped = section.endswith(("optional-dependencies", "dependency-groups", "pdm.dev-dependencies"))
        if grouped or array["key"] in _ARRAY_KEYS:
            for match in _STRING.finditer(array["items"]):
                yield _declared(path, match, array.start("items"), f"{section}.{array['key']}")


def _declared(path: str, match: re.Match[str], offset: int, scope: str) -> Declaration:
    name = normal_name(match["name"])
    if not match["version"]:
        at = Span(path, offset + match.start("head"), offset + match.end("head"))
        return Declaration(name=name, version="", at=at, scope=scope)
    span = Span(path, offset + match.start("version"), offset + match.end("version"))
    return Declaration(name=name, version=match["version"].strip(), literal=span, at=span, scope=scope)
