"""Snyk's SARIF: open source, container and code."""

from __future__ import annotations

import re

from msgspec.structs import replace

from daemon.domain.finding import Finding
from workers.parsers.packages import guess_ecosystem, package
from workers.parsers.sarif_tools import Context, refinement

_PACKAGE = re.compile(
    r"(?:vulnerable|critical|high|medium|low)[^.]*? (?P<name>[^\s,]+)@(?P<version>[^\s,]+)|\* Package: (?P<only>\S+)",
    re.IGNORECASE,
)


@refinement("snyk", drivers=("snyk*",))
def refine(finding: Finding, context: Context) -> Finding:
    """Adds the package of a dependency finding; Snyk Code's results have none."""
    if not finding.rule.upper().startswith("SNYK-"):
        return finding
    places = [place.logical for place in finding.locations if place.logical and "@" in place.logical]
    name, _, version = places[0].rpartition("@") if places else ("", "", "")
    match = None if name else _PACKAGE.search(f"{finding.message}\n{context.rule.help_text[:1000]}")
    if match:
        name, version = match["name"] or match["only"] or "", match["version"] or ""
    manifest = finding.location.path
    found = package(kind=guess_ecosystem(name, version, manifest), name=name, version=version, manifest=manifest)
    return replace(finding, package=found)
