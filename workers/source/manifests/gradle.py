"""Gradle: build scripts (Kotlin and Groovy), `gradle.properties`, version catalogues and lockfiles.

Text is decoded as latin-1 while it is searched, so that every offset is a byte offset; comments are blanked first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import msgspec

from workers.source.manifests.declaration import Declaration, Span

_SKIP = re.compile(r'"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*[\s\S]*?\*/')
_COORDINATE = re.compile(
    r"""(["'])(?P<group>[\w.-]+):(?P<name>[\w.-]+)(?::(?P<version>[^"':@\s]*))?(?:[:@][^"'\s]*)?\1"""
    r"""(?:\s*\+\s*(?P<added>[A-Za-z_][\w.]*))?"""
)
_MAP = re.compile(
    r"""group\s*[:=]\s*["'](?P<group>[\w.-]+)["']\s*,\s*name\s*[:=]\s*["'](?P<name>[\w.-]+)["']"""
    r"""\s*,\s*version\s*[:=]\s*(?:["'](?P<version>[^"'\s]+)["']|(?P<added>[A-Za-z_][\w.]*))"""
)
_THREE = re.compile(
    r"""\(\s*["'](?P<group>[\w.-]+)["']\s*,\s*["'](?P<name>[\w.-]+)["']\s*,\s*["'](?P<version>[\d$][^"'\s]*)["']"""
)
_PLUGIN = re.compile(r"""\bid\s*\(?\s*["'](?P<id>[\w.-]+)["']\s*\)?\s*version\s*\(?\s*["'](?P<version>[^"'\s]+)["']""")
_BEFORE = re.compile(
    r"""(?:add\s*\(\s*["'](\w+)["']\s*,|\b(\w+)\s*\(?)\s*(?:(?:enforcedPlatform|platform)\s*\(\s*)?$"""
)
_VARIABLE = re.compile(r"\$\{?\s*(?:[\w.]+\.)?(?:property\(\s*[\"'])?([\w-]+)")
_VALUE = r"""["'](?P<value>v?\d[^"'\s$]*)["']"""
_ASSIGNMENTS = (
    re.compile(r"\b(?:val|var|def|String|const\s+val)\s+(?P<name>\w+)\s*(?::\s*String\s*)?=\s*" + _VALUE),
    re.compile(r"\bext\.(?:[\w.]+\.)?(?P<name>\w+)\s*=\s*" + _VALUE),
    re.compile(r"\b(?:extra|ext)\[\s*[\"'](?P<name>[\w.-]+)[\"']\s*\]\s*=\s*" + _VALUE),
    re.compile(r"\b(?:val|var)\s+(?P<name>\w+)\s+by\s+extra\s*\(?\s*" + _VALUE),
    re.compile(r"\bset\(\s*[\"'](?P<name>[\w.-]+)[\"']\s*,\s*" + _VALUE),
    re.compile(r"^[ \t]*(?P<name>\w+)\s*=\s*" + _VALUE, re.MULTILINE),
    re.compile(r"[\[,\s](?P<name>\w+)\s*:\s*" + _VALUE),
)
_PROPERTY = re.compile(r"^[ \t]*(?P<name>[\w.-]+)[ \t]*[=:][ \t]*(?P<value>v?\d\S*)", re.MULTILINE)
_LOCK = re.compile(r"^(?P<group>[\w.-]+):(?P<name>[\w.-]+):(?P<version>[^=\s]+)=(?P<scopes>\S*?)\r?$", re.MULTILINE)


class Variable(msgspec.Struct, frozen=True):
    """A named version: a property, a Kotlin or Groovy variable, a catalogue key."""

    name: str
    value: str
    span: Span


def is_build_file(path: str) -> bool:
    """Whether Gradle reads dependencies there."""
    name = PurePosixPath(path).name
    return name.endswith((".gradle", ".gradle.kts", ".versions.toml")) or name == "gradle.properties"


def declarations(files: Mapping[str, bytes]) -> list[Declaration]:
    """Every dependency that the build files of one build declare, with the place of its version.

    `files` are that build's scripts, properties and catalogues; a script's own variables come before others'.
    """
    texts = {path: blank_comments(path, content) for path, content in files.items()}
    variables = {path: list(_variables(path, text)) for path, text in texts.items()}
    found: list[Declaration] = []
    for path, text in texts.items():
        if path.endswith(".toml"):
            found += _catalogue(path, text)
        elif not path.endswith(".properties"):
            found += _script(path, text, variables)
    return found


def locked(path: str, content: bytes) -> list[Declaration]:
    """The rows of a `gradle.lockfile`; `scope` holds the configurations, comma-separated."""
    found = []
    for match in _LOCK.finditer(content.decode("latin-1")):
        span = Span(path, *match.span("version"))
        name = f"{match['group']}:{match['name']}"
        found.append(Declaration(name=name, version=match["version"], literal=span, at=span, scope=match["scopes"]))
    return found


def blank_comments(path: str, content: bytes) -> str:
    """The text with comments as spaces; as many characters as the file has bytes."""
    text = content.decode("latin-1")
    if path.endswith((".toml", ".properties")):
        return re.sub(r"^[ \t]*[#!][^\n]*", _spaces, text, flags=re.MULTILINE)
    return _SKIP.sub(lambda match: _spaces(match) if match[0].startswith("/") else match[0], text)


def _spaces(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _variables(path: str, text: str) -> Iterator[Variable]:
    if path.endswith(".toml"):
        return
    for pattern in (_PROPERTY,) if path.endswith(".properties") else _ASSIGNMENTS:
        for match in pattern.finditer(text):
            yield Variable(match["name"], match["value"].rstrip(), Span(path, *match.span("value")))


def _script(path: str, text: str, variables: Mapping[str, list[Variable]]) -> Iterator[Declaration]:
    for pattern in (_COORDINATE, _MAP, _THREE):
        for match in pattern.finditer(text):
            before = _BEFORE.search(text, max(0, match.start() - 120), match.start())
            scope = (before[1] or before[2]) if before else ""
            yield _declared(path, match, f"{match['group']}:{match['name']}", variables, scope)
    for match in _PLUGIN.finditer(text):
        yield _declared(path, match, f"{match['id']}:{match['id']}.gradle.plugin", variables, "plugins")


def _declared(
    path: str, match: re.Match[str], name: str, variables: Mapping[str, list[Variable]], scope: str
) -> Declaration:
    groups = match.groupdict()
    added, written = groups.get("added"), groups.get("version") or ""
    at = Span(path, *match.span("added" if added else "version")) if added or written else Span(path, *match.span())
    mention = _VARIABLE.match(written)
    via = added.rpartition(".")[2] if added else mention[1] if mention else None
    if via is None:
        return Declaration(name=name, version=written, literal=at if written else None, at=at, scope=scope)
    variable = _resolve(via, path, variables)
    return Declaration(
        name=name,
        version=variable.value if variable else "",
        literal=variable.span if variable else None,
        at=at,
        via=via,
        scope=scope,
    )


def _resolve(name: str, path: str, variables: Mapping[str, list[Variable]]) -> Variable | None:
    """The variable of that name: the script's own, else the only one among the others."""
    for place in ([path], [other for other in variables if other != path]):
        found = {variable for other in place for variable in variables[other] if variable.name == name}
        if found:
            return found.pop() if len(found) == 1 else None
    return None


# --- version catalogues -------------------------------------------------------------------------------------------

_SECTION = re.compile(r"^[ \t]*\[(?P<name>[\w.-]+)\]", re.MULTILINE)
_ENTRY = re.compile(r"^[ \t]*[\"']?(?P<key>[\w.-]+)[\"']?[ \t]*=[ \t]*(?P<value>[^\n]*)", re.MULTILINE)
_MODULE = re.compile(r"\bmodule\s*=\s*[\"']([\w.-]+:[\w.-]+)[\"']")
_GROUP_NAME = re.compile(r"\bgroup\s*=\s*[\"']([\w.-]+)[\"']\s*,\s*name\s*=\s*[\"']([\w.-]+)[\"']")
_SHORT = re.compile(r"^[\"']([\w.-]+:[\w.-]+):([^\"'\s]+)[\"']")
_PLUGIN_ID = re.compile(r"\bid\s*=\s*[\"']([\w.-]+)[\"']")
_REF = re.compile(r"version\.ref\s*=\s*[\"']([\w.-]+)[\"']|version\s*=\s*\{\s*ref\s*=\s*[\"']([\w.-]+)[\"']")
_PLAIN = re.compile(r"\bversion\s*=\s*[\"']([^\"'\s]+)[\"']")
_QUOTED = re.compile(r"[\"']([^\"'\s]+)[\"']")


def _catalogue(path: str, text: str) -> Iterator[Declaration]:
    rows = list(_rows(text))
    versions = {}
    for section, match in rows:
        value = _QUOTED.search(match["value"])
        if section == "versions" and value:
            offset = match.start("value")
            versions[match["key"]] = Variable(
                match["key"], value[1], Span(path, offset + value.start(1), offset + value.end(1))
            )
    for section, match in rows:
        if section in ("libraries", "plugins"):
            yield from _library(path, match, versions, section)


def _rows(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    sections = [*_SECTION.finditer(text)]
    for section, following in zip(sections, [*sections[1:], None], strict=True):
        for match in _ENTRY.finditer(text, section.end(), following.start() if following else len(text)):
            yield section["name"], match


def _library(path: str, match: re.Match[str], versions: Mapping[str, Variable], section: str) -> Iterator[Declaration]:
    value, offset = match["value"], match.start("value")
    name = _library_name(value, section)
    if name is None:
        return
    reference, plain = _REF.search(value), _SHORT.search(value) or _PLAIN.search(value)
    if reference:
        group = 1 if reference[1] else 2
        at = Span(path, offset + reference.start(group), offset + reference.end(group))
        known = versions.get(reference[group])
        yield Declaration(
            name=name,
            version=known.value if known else "",
            literal=known.span if known else None,
            at=at,
            via=reference[group],
            scope=section,
        )
    elif plain:
        last = len(plain.groups())
        span = Span(path, offset + plain.start(last), offset + plain.end(last))
        yield Declaration(name=name, version=plain[last], literal=span, at=span, scope=section)


def _library_name(value: str, section: str) -> str | None:
    if section == "plugins":
        plugin = _PLUGIN_ID.search(value)
        return f"{plugin[1]}:{plugin[1]}.gradle.plugin" if plugin else None
    short, module, pair = _SHORT.search(value), _MODULE.search(value), _GROUP_NAME.search(value)
    if short or module:
        return (short or module)[1]  # type: ignore[index]  # one of them matched
    return f"{pair[1]}:{pair[2]}" if pair else None
