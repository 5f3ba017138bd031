"""Versions in their ecosystem's own order (the order is `univers`'s, never string or generic semver order)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from univers import versions as order

_ORDERS: dict[str, Any] = {
    "maven": order.MavenVersion,
    "npm": order.SemverVersion,
    "pypi": order.PypiVersion,
    "go": order.GolangVersion,
    "githubactions": order.SemverVersion,
    "cratesio": order.SemverVersion,
    "rubygems": order.RubygemsVersion,
    "nuget": order.NugetVersion,
    "packagist": order.ComposerVersion,
    **dict.fromkeys(("debian", "ubuntu"), order.DebianVersion),
    **dict.fromkeys(("alpine", "wolfi", "chainguard"), order.AlpineLinuxVersion),
    **dict.fromkeys(
        [
            "redhat",
            "rockylinux",
            "almalinux",
            "amazonlinux",
            "oraclelinux",
            "photonos",
            "suse",
            "opensuse",
            "fedora",
            "centos",
            "azurelinux",
        ],
        order.RpmVersion,
    ),
}
_ALIASES = {
    "gradle": "maven",
    "yarn": "npm",
    "pnpm": "npm",
    "pip": "pypi",
    "python": "pypi",
    "golang": "go",
    "actions": "githubactions",
    "cargo": "cratesio",
    "gem": "rubygems",
    "composer": "packagist",
}
_IMAGE_ORDERS = (order.DebianVersion, order.AlpineLinuxVersion, order.RpmVersion)
IMAGE_ECOSYSTEMS = frozenset(name for name, cls in _ORDERS.items() if cls in _IMAGE_ORDERS)
"""Ecosystems whose packages a base image brings, and no manifest of the repository declares."""
_STRICT = (order.SemverVersion, order.GolangVersion)
_SEMVER = re.compile(r"v?\d+(\.\d+){0,2}([-+][0-9A-Za-z.+-]+)?")
_NUMBER = re.compile(r"(?:\d+[:!])?v?(\d+(?:[._]\d+)*)")
_PSEUDO = re.compile(r"[-.]\d{14}-[0-9a-f]{12}(?:\+incompatible)?$")
_PRERELEASE = re.compile(
    r"(?:^|[-._+]|(?<=\d))(alpha|beta|a|b|c|rc|cr|dev|pre|preview|snapshot|milestone|m|ea|canary|next)"
    r"[-._]?\d*(?:$|[-._+])",
    re.IGNORECASE,
)


def canonical_ecosystem(name: str) -> str:
    """`PyPI`, `pip` → `pypi`; `Debian:12` → `debian`; unknown names keep their own lower-case letters."""
    letters = re.sub(r"[^a-z]", "", name.split(":", 1)[0].lower())
    return _ALIASES.get(letters, letters)


@lru_cache(maxsize=4096)
def parse_version(ecosystem: str, text: str) -> Any | None:
    """A comparable version, or none where the ecosystem's order is unknown or the text is no version of it."""
    cls = _ORDERS.get(canonical_ecosystem(ecosystem))
    text = text.strip()
    if cls is None or not re.match(r"v?\d", text) or (cls in _STRICT and not _SEMVER.fullmatch(text)):
        return None
    try:
        return cls(text)
    except (order.InvalidVersion, ValueError, TypeError):
        return None


def release_numbers(text: str) -> tuple[int, ...]:
    """The leading numbers: `v4.1.125.Final` → (4, 1, 125). An epoch is left out."""
    match = _NUMBER.match(text.strip())
    return tuple(int(number) for number in re.split(r"[._]", match[1])) if match else ()


def same_line(one: str, other: str, depth: int = 2) -> bool:
    """Whether both are of one release line: the same first `depth` numbers (major and minor)."""
    left, right = ((*release_numbers(text), *(0,) * depth)[:depth] for text in (one, other))
    return left == right


def is_prerelease(text: str, ecosystem: str = "") -> bool:
    """Whether the version is not meant for everyone yet: `2.14.0-rc2`, `5.0.0-M1`, `1.0a1`.

    In semantic versions (npm, Cargo) whatever stands after a hyphen says so. A commit of a Go module is a release.
    """
    name = canonical_ecosystem(ecosystem)
    if name in ("npm", "cratesio"):
        return "-" in text.partition("+")[0]
    if name == "go" and _PSEUDO.search(text):
        return False
    return bool(_PRERELEASE.search(text))
