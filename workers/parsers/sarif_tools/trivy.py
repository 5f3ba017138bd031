"""Trivy's SARIF: packages, images and severities, which it writes into its messages."""

from __future__ import annotations

import re

from msgspec.structs import replace

from daemon.domain.finding import Finding, Location
from workers.parsers import severity
from workers.parsers.packages import guess_ecosystem, package
from workers.parsers.sarif_tools import Context, refinement

_FIELD = re.compile(r"^(Package|Installed Version|Severity|Fixed Version|Match|Message): ?(.*)$", re.MULTILINE)

_STAND_INS = {9.5, 8.0, 5.5, 2.0, 0.0}
"""What Trivy writes as security severity where it has a word and no score."""


@refinement("trivy", drivers=("trivy",))
def refine(finding: Finding, context: Context) -> Finding:
    """Adds the package, and tells a file of the repository from a file in an image."""
    fields = dict(_FIELD.findall(context.result.message.text or "")) if context.result.message else {}
    image = (context.run.properties or {}).get("imageName")
    locations = (
        tuple(_in_image(place, image) for place in finding.locations) if isinstance(image, str) else finding.locations
    )
    word = fields.get("Severity") or finding.tool_severity
    rated = severity.rate(score=context.rule.score, word=word)
    changed = replace(
        finding,
        locations=locations,
        severity=severity.from_word(word) if fields.get("Severity") else rated.severity,
        tool_severity=word,
        message=fields.get("Message") or finding.message,
        cvss_score=None if finding.cvss_score in _STAND_INS else finding.cvss_score,
        help_text=context.rule.description or finding.help_text,
        confidence=None,
    )
    return _with_package(changed, fields) if "Package" in fields else changed


def _with_package(finding: Finding, fields: dict[str, str]) -> Finding:
    name, version = fields["Package"].strip(), fields.get("Installed Version", "").strip()
    manifest = finding.location.path
    file = manifest or finding.location.logical
    locations = tuple(replace(place, region=None, message=None) for place in finding.locations)
    found = package(
        kind=guess_ecosystem(name, version, file),
        name=name,
        version=version,
        fixed=fields.get("Fixed Version", "").split(","),
        manifest=manifest,
    )
    message = f"{finding.title or finding.rule} in {name} {version}"
    return replace(finding, package=found, message=message, locations=locations)


def _in_image(place: Location, image: str) -> Location:
    """A place in an image is no file of the repository."""
    inside = place.path or place.logical or ""
    where = image if not inside or f"/{inside}" in f"/{image}" else f"{image}: {inside}"
    return Location(logical=where, message=place.message)
