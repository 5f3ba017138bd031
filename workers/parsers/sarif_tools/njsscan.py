"""njsscan's SARIF, whose driver still has the tool's old name."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.finding import Finding
from workers.parsers.sarif_tools import Context, refinement
from workers.parsers.text import first_line


@refinement("njsscan", drivers=("njsscan", "nodejsscan"))
def refine(finding: Finding, context: Context) -> Finding:
    """The rule's name is its id in camel case; the message says it better."""
    del context
    return replace(finding, title=first_line(finding.message))
