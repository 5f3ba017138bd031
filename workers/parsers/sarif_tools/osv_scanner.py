"""OSV-Scanner's SARIF: the package stands in the message."""

from __future__ import annotations

import re

from msgspec.structs import replace

from daemon.domain.finding import Finding
from workers.parsers.identifiers import unique, vulnerabilities
from workers.parsers.packages import guess_ecosystem, package
from workers.parsers.sarif_tools import Context, refinement

_PACKAGE = re.compile(r"Package '(?P<name>.+?)@(?P<version>[^'@]*)' is vulnerable to '(?P<ids>[^']*)'")
_FIXED = re.compile(r"\|\s*(?P<name>[^|]+?)\s*\|\s*(?P<version>[^|]+?)\s*\|")


@refinement("osv-scanner", drivers=("osv-scanner",))
def refine(finding: Finding, context: Context) -> Finding:
    """Adds package and aliases, and the fixed versions that the rule's help lists for this package."""
    match = _PACKAGE.search(finding.message)
    if not match:
        return finding
    name, version = match["name"], match["version"]
    manifest = finding.location.path
    listed = _FIXED.findall(context.rule.help_text)
    found = package(
        kind=guess_ecosystem(name, version, manifest),
        name=name,
        version=version,
        fixed=(text for other, text in listed if other == name and text[:1].isdigit()),
        manifest=manifest,
    )
    aliases = unique((*finding.aliases, *vulnerabilities(match["ids"], context.rule.help_text)), without=finding.rule)
    places = tuple(replace(place, region=None) for place in finding.locations)
    return replace(finding, package=found, aliases=aliases, locations=places)
