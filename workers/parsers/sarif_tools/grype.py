"""Grype's SARIF: rule ids carry the package, messages its version."""

from __future__ import annotations

import re

from msgspec.structs import replace

from daemon.domain.finding import Finding
from workers.parsers.identifiers import vulnerabilities
from workers.parsers.packages import package, parse_purl
from workers.parsers.sarif_tools import Context, refinement

_MESSAGES = (
    re.compile(r"package (?P<name>\S+?),? version (?P<version>\S+?),? (?:was|which|is)(?P<kind>)"),
    re.compile(r"reports (?P<name>\S+) at version (?P<version>\S+)\s+which would .*? vulnerable \((?P<kind>[^)]*)\)"),
)
"""The newer words, and those of versions before 0.40."""
_HELP = re.compile(r"^(Package|Version|Fix Version|Type|Severity): ?(.*)$", re.MULTILINE)


@refinement("grype", drivers=("grype",))
def refine(finding: Finding, context: Context) -> Finding:
    """Takes rule ids apart (`CVE-2023-1-openssl`) and adds the package."""
    fields = dict(_HELP.findall(context.rule.help_text))
    ids = vulnerabilities(finding.rule)
    match = next(filter(None, (words.search(finding.message) for words in _MESSAGES)), None)
    purls = context.rule.properties.get("purls")
    purl = purls[0] if isinstance(purls, list) and len(purls) == 1 and isinstance(purls[0], str) else None
    name = fields.get("Package") or (match["name"] if match else None)
    found = package(
        kind=fields.get("Type") or (match["kind"] if match else None),
        name=name,
        version=fields.get("Version") or (match["version"] if match else None),
        purl=purl if purl and parse_purl(purl) else None,
        fixed=fields.get("Fix Version", "").split(","),
        manifest=finding.location.path,
    )
    word = fields.get("Severity")
    rule = ids[0] if ids else finding.rule
    return replace(finding, rule=rule, package=found or finding.package, tool_severity=word or finding.tool_severity)
