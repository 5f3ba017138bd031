"""Checkov's SARIF."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.finding import Finding
from daemon.domain.severity import Severity
from workers.parsers.sarif_tools import Context, refinement


@refinement("checkov", drivers=("checkov", "bridgecrew"))
def refine(finding: Finding, context: Context) -> Finding:
    """Without its platform Checkov knows no severities and writes `error` for all: these are medium, as in its JSON."""
    if context.rule.score is None:
        return replace(finding, severity=Severity.MEDIUM)
    return finding
