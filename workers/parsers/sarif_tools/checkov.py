"""Checkov's SARIF."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.finding import Finding, Region
from daemon.domain.severity import Severity
from workers.parsers.checkov import WHOLE_WORKFLOW
from workers.parsers.sarif_tools import Context, refinement


@refinement("checkov", drivers=("checkov", "bridgecrew"))
def refine(finding: Finding, context: Context) -> Finding:
    """Without its platform Checkov knows no severities and writes `error` for all: these are medium, as in its JSON.

    A check of a whole workflow points to its first line.
    """
    if finding.rule.startswith(WHOLE_WORKFLOW):
        places = tuple(replace(place, region=Region(start_line=1, end_line=1)) for place in finding.locations)
        finding = replace(finding, locations=places)
    if context.rule.score is None:
        return replace(finding, severity=Severity.MEDIUM)
    return finding
