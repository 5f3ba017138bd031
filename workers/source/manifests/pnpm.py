"""pnpm's workspace file: the overrides that it reads there since release 10.5, with byte spans."""

from __future__ import annotations

import re

from workers.source import yamldoc
from workers.source.manifests.declaration import Declaration, Span

WORKSPACE = "pnpm-workspace.yaml"


def package_of(selector: str) -> str:
    """The package that an override's key selects: `parent>@a/b@<1.2` → `@a/b`, `**/parent/b` → `b`."""
    path = re.fullmatch(r"\*\*/(?:.*/)?(?P<name>(?:@[^/]+/)?[^/@]+)", selector)
    if path:
        return path["name"]
    name = re.sub(r"^(?:\*\*/|.*>(?=[@A-Za-z]))", "", selector)
    scope, name = ("@", name[1:]) if name.startswith("@") else ("", name)
    return scope + name.partition("@")[0]


def overrides(path: str, content: bytes) -> list[Declaration]:
    """What the file's `overrides` decide.

    Raises:
        ValueError: it is not YAML.
    """
    try:
        node = yamldoc.parse(content, path).root.child("overrides")
    except yamldoc.YamlBroken as error:
        raise ValueError(str(error)) from error
    found = []
    for key, value in node.entries if node is not None and node.kind == "mapping" else []:
        if value.kind == "scalar" and value.value:
            span = Span(path, value.start, value.end)
            name = package_of(key.value)
            found.append(Declaration(name=name, version=value.value, literal=span, at=span, scope="overrides"))
    return found
