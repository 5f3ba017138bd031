"""What every manifest reader gives: a dependency, and where its version is written."""

from __future__ import annotations

import re

import msgspec


class Span(msgspec.Struct, frozen=True, order=True):
    """Bytes `start:end` of a file."""

    path: str
    start: int
    end: int


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """One place that says which version of a package is wanted, or locked."""

    name: str
    """As its ecosystem writes it: `group:artifact`, `@scope/name`."""
    version: str
    """The version or range as written there, variables resolved; empty where the place gives none."""
    literal: Span | None = None
    """Where that version's text stands, maybe in another file; none where the place gives none."""
    at: Span
    """The declaration's own version: the variable's mention where `via` is set; else the same as `literal`."""
    via: str | None = None
    """The property, variable or catalogue key through which the version comes."""
    scope: str = ""
    """Gradle configuration, Maven section, npm section, `lock` …"""


def floor(requirement: str) -> str | None:
    """The lowest version that a requirement allows: `^1.2.4`, `>=1.4,<2`, `[1.2,2)`; none where it has no floor."""
    text = re.sub(r"^npm:@?[^@]+@", "", requirement.strip())
    if "||" in text or text in {"", "*", "latest"}:
        return None
    floors = [
        match["version"]
        for match in re.finditer(r"(?P<operator>[<>=!~^]*)\s*(?P<version>v?\d[^\s,)\]]*)", text)
        if not match["operator"].startswith(("<", "!"))
    ]
    return floors[0] if floors else None
