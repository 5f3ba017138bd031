"""Go: the `require` lines, and the `go` and `toolchain` lines, of a `go.mod`."""

from __future__ import annotations

import re

from workers.source.manifests.declaration import Declaration, Span

_REQUIRE = re.compile(
    r"^[ \t]*(?:require[ \t]+)?(?P<name>[\w.~-]+\.[\w.~-]+(?:/[\w.~-]+)*)[ \t]+(?P<version>v\d[^\s/]*)"
    r"(?P<rest>[^\n]*)$",
    re.MULTILINE,
)
_REPLACE = re.compile(
    r"^[ \t]*(?:replace[ \t]+)?(?P<name>[\w.~-]+\.[\w.~-]+(?:/[\w.~-]+)*)[ \t]+=>[ \t]+(?P=name)[ \t]+"
    r"(?P<version>v\d[^\s/]*)",
    re.MULTILINE,
)
_FORK = re.compile(
    r"^[ \t]*(?:replace[ \t]+)?(?P<name>[\w.~-]+\.[\w.~-]+(?:/[\w.~-]+)*)(?:[ \t]+v\S+)?[ \t]+=>[ \t]+(?P<by>\S+)"
    r"(?:[ \t]+(?P<version>v\d[^\s/]*))?",
    re.MULTILINE,
)
_GO = re.compile(r"^(?P<name>go|toolchain)[ \t]+(?:go)?(?P<version>\d[\w.]*)", re.MULTILINE)
_BLOCK = re.compile(r"^[ \t]*(?P<kind>\w+)[ \t]*\([^)]*\)", re.MULTILINE)


def replaced_by(content: bytes, name: str) -> str | None:
    """What the module is replaced by, another module or a folder; none where it is not."""
    found = (match for match in _FORK.finditer(content.decode("latin-1")) if match["name"] == name)
    return next((match["by"] for match in found if match["by"] != name), None)


def declarations(path: str, content: bytes) -> list[Declaration]:
    """Requirements by module path (`scope` is `direct` or `indirect`); the release of Go itself as `stdlib`.

    A module that is replaced by a version of itself, whatever is required, has that version, and `scope` `replace`; so
    has one that replaces another.
    """
    text = content.decode("latin-1")
    replaced = {match["name"]: match for match in _REPLACE.finditer(text)}
    others = [match.span() for match in _BLOCK.finditer(text) if match["kind"] != "require"]
    found = []
    for match in _REQUIRE.finditer(text):
        if (
            match["name"] in replaced
            or "=>" in match["rest"]
            or any(start <= match.start() < end for start, end in others)
        ):
            continue
        span = Span(path, *match.span("version"))
        scope = "indirect" if "// indirect" in match["rest"] else "direct"
        found.append(Declaration(name=match["name"], version=match["version"], literal=span, at=span, scope=scope))
    for name, match in replaced.items():
        span = Span(path, *match.span("version"))
        found.append(Declaration(name=name, version=match["version"], literal=span, at=span, scope="replace"))
    for match in _FORK.finditer(text):
        if match["by"] != match["name"] and match["version"]:
            span = Span(path, *match.span("version"))
            found.append(
                Declaration(name=match["by"], version=match["version"], literal=span, at=span, scope="replace")
            )
    for match in _GO.finditer(text):
        span = Span(path, *match.span("version"))
        found.append(Declaration(name="stdlib", version=match["version"], literal=span, at=span, scope=match["name"]))
    return found
