"""Two rows about the same thing → one finding that has what either knows."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from daemon.domain.finding import Finding, Location, Package
from daemon.domain.severity import Severity

T = TypeVar("T")
_UNKNOWN = "unknown"


def combine(first: Finding, other: Finding) -> Finding:
    """The first finding, its gaps filled from the other. What both know stays as the first says it.

    Only what both call suppressed is: one that says "affected" must not be hidden by one that says "not here".
    """
    rated = first if first.severity is not Severity.UNKNOWN else other
    return replace(
        first,
        tool_version=first.tool_version or other.tool_version,
        title=first.title or other.title,
        severity=rated.severity,
        tool_severity=rated.tool_severity or other.tool_severity,
        cvss_vector=first.cvss_vector or other.cvss_vector,
        cvss_score=first.cvss_score if first.cvss_score is not None else other.cvss_score,
        locations=_locations(first.locations, other.locations),
        related=first.related or other.related,
        flow=first.flow or other.flow,
        package=_package(first.package, other.package),
        aliases=_union(first.aliases, other.aliases),
        cwes=_union(first.cwes, other.cwes),
        owasp=_union(first.owasp, other.owasp),
        help_text=max(first.help_text, other.help_text, key=len),
        help_uri=first.help_uri or other.help_uri,
        fixes=first.fixes or other.fixes,
        partial_fingerprints={**other.partial_fingerprints, **first.partial_fingerprints},
        confidence=first.confidence or other.confidence,
        epss=first.epss if first.epss is not None else other.epss,
        reachable=first.reachable if first.reachable is not None else other.reachable,
        baseline=first.baseline or other.baseline,
        suppressed=first.suppressed if other.suppressed else None,
    )


def _locations(first: tuple[Location, ...], other: tuple[Location, ...]) -> tuple[Location, ...]:
    """The first one's, with the column and the snippet that only the other has."""
    if not first or not other:
        return first or other
    mine, theirs = first[0], other[0]
    region = mine.region
    if region and theirs.region and not region.start_column and region.start_line == theirs.region.start_line:
        region = theirs.region
    return (replace(mine, region=region, snippet=mine.snippet or theirs.snippet), *first[1:])


def _package(first: Package | None, other: Package | None) -> Package | None:
    if first is None or other is None:
        return first or other
    named = first if first.ecosystem != _UNKNOWN else other
    return replace(
        first,
        ecosystem=named.ecosystem,
        purl=first.purl or other.purl,
        fixed_versions=_union(first.fixed_versions, other.fixed_versions),
        manifest=first.manifest or other.manifest,
    )


def _union(first: tuple[T, ...], other: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys((*first, *other)))
