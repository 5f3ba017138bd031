"""Which version to go to: only versions that the findings name as fixed, in the ecosystem's own order.

An advisory often names one fixed version per release line (`1.3.12, 1.4.12`). A version is out of its range when it
reaches the fixed version of its own line, or, where the advisory names none for that line, every fixed version named
for its major line and those below: 1.4.20 is not fixed by `1.3.15, 1.5.13`, although it is above 1.3.15.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from daemon.domain.finding import Finding, Package
from workers.fixers.registry import NoFix, Target
from workers.source.versions import canonical_ecosystem, is_prerelease, parse_version, release_numbers, same_line

_FLAVOUR = re.compile(r"[-.](jre\d*|jdk\d*|android)$")
_PAIRED_FLAVOURS = {"com.google.guava:guava": ("jre", "android")}
"""Packages that publish every release in all of these flavours: an advisory that names one means the release."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The versions to offer, and what they leave open."""

    package: Package
    smallest: str
    """The smallest named version that ends every finding of the group."""
    newest: str | None
    """The highest named one, where it is on another release line."""
    closes: tuple[str, ...]
    """Ids of the vulnerabilities that it ends."""
    leaves: tuple[str, ...]
    """Ids that no named version ends."""
    line: str | None = None
    """The named version of the installed line that ends most, where the smallest one leaves that line."""
    line_closes: tuple[str, ...] = ()
    line_leaves: tuple[str, ...] = ()


def choose(target: Target) -> Choice:
    """The smallest fixed version on the installed line, for the whole group.

    Raises:
        NoFix: the finding names no package, no fixed version, or none above the installed one.
    """
    package = target.finding.package
    if package is None:
        message = "the report names no package"
        raise NoFix(message)
    findings = _group(target, package)
    usable = _usable(findings, package)
    if not usable:
        raise NoFix(_why_none(target.finding, package))
    closable = [finding for finding in findings if any(_ends(version, finding, package) for version in usable)]
    if target.finding not in closable:
        raise NoFix(_why_none(target.finding, package))
    versions = [version for version in usable if all(_ends(version, finding, package) for finding in closable)]
    if not versions:
        closable = [target.finding]
        versions = [version for version in usable if _ends(version, target.finding, package)]
    if not versions:
        raise NoFix(_why_none(target.finding, package))
    line = _on_line(versions[0], usable, target.finding, findings, package)
    on_line = [finding for finding in closable if line and _ends(line, finding, package)]
    return Choice(
        package=package,
        line=line,
        line_closes=_ids(on_line),
        line_leaves=_ids(finding for finding in findings if finding not in on_line),
        smallest=versions[0],
        newest=_newest(versions, package.ecosystem),
        closes=_ids(closable),
        leaves=_ids(finding for finding in findings if finding not in closable),
    )


def _on_line(
    smallest: str, usable: Sequence[str], own: Finding, findings: Sequence[Finding], package: Package
) -> str | None:
    """Some of the group may need a release of another line, though a smaller step ends this finding and others."""
    for depth in (2, 1) if (*release_numbers(package.version), 0)[0] else (2,):
        if same_line(smallest, package.version, depth):
            return None
        near = [text for text in usable if same_line(text, package.version, depth) and _ends(text, own, package)]
        if near:
            return max(near, key=lambda text: sum(_ends(text, each, package) for each in findings))
    return None


def fixes(version: str, fixed: Iterable[str], ecosystem: str) -> bool:
    """Whether `version` lies outside the range of an advisory that names these fixed versions."""
    known = [text for text in fixed if parse_version(ecosystem, text) is not None]
    ours = parse_version(ecosystem, version)
    if ours is None or not known:
        return False
    own_line = [text for text in known if same_line(text, version)]
    major = (*release_numbers(version), 0)[0]
    below = [text for text in known if (*release_numbers(text), 0)[0] <= major]
    return bool(own_line or below) and all(ours >= parse_version(ecosystem, text) for text in own_line or below)


def _group(target: Target, package: Package) -> list[Finding]:
    """The findings that one bump should end: the same package at the same version, here."""
    same = [
        other
        for other in target.group
        if other.package
        and other != target.finding
        and (other.package.name, other.package.version) == (package.name, package.version)
    ]
    return [target.finding, *same]


def _usable(findings: Sequence[Finding], package: Package) -> list[str]:
    """Every named release above the installed one, ascending; pre-releases only where one is installed."""
    installed = parse_version(package.ecosystem, package.version)
    named = {_flavoured(text, package) for finding in findings for text in _fixed(finding)}
    parsed = [(parse_version(package.ecosystem, text), text) for text in named]
    above = [(key, text) for key, text in parsed if key is not None and (installed is None or key > installed)]
    stable = [(key, text) for key, text in above if not _unreleased(text, package)]
    return [text for _, text in sorted(stable, key=_by_version)]


def _unreleased(text: str, package: Package) -> bool:
    """Whether it is a pre-release, and not a later one of the pre-release that is installed."""
    same = is_prerelease(package.version, package.ecosystem) and same_line(text, package.version, 3)
    return is_prerelease(text, package.ecosystem) and not same


def _by_version(pair: tuple[Any, str]) -> tuple[Any, str]:
    return pair


def _ends(version: str, finding: Finding, package: Package) -> bool:
    return fixes(version, _fixed(finding), package.ecosystem)


def _fixed(finding: Finding) -> tuple[str, ...]:
    return finding.package.fixed_versions if finding.package else ()


def _flavoured(text: str, package: Package) -> str:
    """The same release in the flavour that is installed, where the package publishes every release in each."""
    mine, named = _FLAVOUR.search(package.version), _FLAVOUR.search(text)
    flavours = _PAIRED_FLAVOURS.get(package.name, ())
    if mine and named and {mine[1], named[1]} <= set(flavours):
        return f"{text[: named.start(1)]}{mine[1]}"
    return text.strip()


def _newest(versions: Sequence[str], ecosystem: str) -> str | None:
    """The highest stable version that is named, where it leaves the smallest one's line."""
    stable = [version for version in versions if not is_prerelease(version, ecosystem)]
    return stable[-1] if stable and not same_line(stable[-1], versions[0]) else None


def _ids(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(vulnerability_id(finding) for finding in findings))


def vulnerability_id(finding: Finding) -> str:
    """The id people look up: the CVE, else the rule's last part."""
    names = (finding.rule, *finding.aliases)
    return next((name for name in names if name.startswith("CVE-")), finding.rule)


def _why_none(finding: Finding, package: Package) -> str:
    name, ours = f"{package.name} {package.version}", vulnerability_id(finding)
    if not package.fixed_versions:
        return f"no fix available: no released version of {package.name} fixes {ours} yet"
    named = ", ".join(package.fixed_versions)
    if parse_version(package.ecosystem, package.version) is None:
        known = canonical_ecosystem(package.ecosystem) or "unnamed"
        return f"{name} cannot be ordered against the fixed versions ({named}): unknown in the ecosystem {known}"
    if all(is_prerelease(text, package.ecosystem) for text in package.fixed_versions):
        return f"no released version fixes {ours}: only pre-releases of {package.name} do ({named})"
    return f"the fixed versions named for {ours} ({named}) are not above the installed {name}"
