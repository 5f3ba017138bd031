"""distinct findings → groups that one fix should end: one vulnerability of one package, one weakness of one place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from daemon.domain.finding import Finding
from workers.triage.categories import OTHER, category

_LONGEST = 12
"""Lines; a longer region is a block, and does not say where in it the weakness is."""


def group_keys(findings: Mapping[str, Finding]) -> dict[str, str]:
    """Finding id → its group's key, stable as long as the group has its members; alone, a finding is its own group."""
    keys = {identifier: identifier for identifier in findings}
    packages: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    files: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for identifier, finding in findings.items():
        package, region = finding.package, finding.location.region
        if package is not None:
            packages[package.name.lower(), package.version].append(identifier)
        elif finding.path and region and (region.end_line or region.start_line) - region.start_line < _LONGEST:
            kind = finding.category if finding.category != OTHER else category(finding)
            files[finding.path, kind].append(identifier)
    for (name, version), members in packages.items():
        keys.update(_by_vulnerability(name, version, members, findings))
    for (_, kind), members in files.items():
        if kind != OTHER and len(members) > 1:
            keys.update(_by_place(kind, members, findings))
    return keys


def package_of(finding: Finding) -> tuple[str, str, str] | None:
    """What one bump would end together: ecosystem, name and version of the finding's package."""
    package = finding.package
    return (package.ecosystem.lower(), package.name.lower(), package.version) if package else None


def batches(findings: Mapping[str, Finding], size: int) -> list[list[str]]:
    """Finding ids in the order they came, `size` to a batch; the findings of one package are never parted."""
    together: dict[object, list[str]] = {}
    for identifier, finding in findings.items():
        together.setdefault(package_of(finding) or identifier, []).append(identifier)
    made: list[list[str]] = [[]]
    for members in together.values():
        if made[-1] and len(made[-1]) + len(members) > size:
            made.append([])
        made[-1] += members
    return made if made[0] else []


def _by_vulnerability(
    name: str, version: str, members: Sequence[str], findings: Mapping[str, Finding]
) -> Iterator[tuple[str, str]]:
    """Findings of one package and version whose ids name the same vulnerability, directly or through each other."""
    parent: dict[str, str] = {}

    def root(identifier: str) -> str:
        while parent.setdefault(identifier, identifier) != identifier:
            parent[identifier] = parent[parent[identifier]]
            identifier = parent[identifier]
        return identifier

    for member in members:
        finding = findings[member]
        for alias in finding.aliases:
            parent[root(alias)] = root(finding.rule)
    names: defaultdict[str, list[str]] = defaultdict(list)
    for identifier in list(parent):
        names[root(identifier)].append(identifier)
    for member in members:
        known = names[root(findings[member].rule)] or [findings[member].rule]
        yield member, f"{name}@{version} {min(known, key=_fame)}"


def _fame(identifier: str) -> tuple[int, str]:
    """CVE ids name a group before all others."""
    return (0 if identifier.startswith("CVE-") else 1 if identifier.startswith("GHSA-") else 2, identifier)


def _by_place(kind: str, members: Sequence[str], findings: Mapping[str, Finding]) -> Iterator[tuple[str, str]]:
    """Findings of one type whose lines overlap, told by different tools or rules."""
    in_order = sorted(members, key=lambda member: (_span(findings[member]), member))
    cluster: list[str] = []
    last = 0
    for member in [*in_order, None]:
        start, end = _span(findings[member]) if member else (0, 0)
        if cluster and (member is None or start > last):
            yield from _cluster(kind, cluster, findings)
            cluster, last = [], 0
        if member:
            cluster.append(member)
            last = max(last, end)


def _cluster(kind: str, cluster: Sequence[str], findings: Mapping[str, Finding]) -> Iterator[tuple[str, str]]:
    rules = {(findings[member].tool, findings[member].rule) for member in cluster}
    if len(rules) > 1:
        key = f"{kind} {min(cluster)}"
        yield from ((member, key) for member in cluster)


def _span(finding: Finding) -> tuple[int, int]:
    region = finding.location.region
    return (region.start_line, region.end_line or region.start_line) if region else (0, 0)
