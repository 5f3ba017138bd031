"""KICS' SARIF: rules by query id, as in its JSON."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.finding import Finding
from workers.parsers.sarif_tools import Context, refinement


@refinement("kics", drivers=("kics", "keeping infrastructure as code secure"))
def refine(finding: Finding, context: Context) -> Finding:
    """The query's name is the title."""
    name = context.rule.title
    return replace(finding, title=name or finding.title)
