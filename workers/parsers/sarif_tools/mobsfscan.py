"""mobsfscan's SARIF."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.finding import Finding
from workers.parsers import severity
from workers.parsers.sarif_tools import Context, refinement
from workers.parsers.text import first_line

_ABSENT = "Missing Best Practice"
"""What stands for code where the whole project misses something."""


@refinement("mobsfscan", drivers=("mobsfscan",))
def refine(finding: Finding, context: Context) -> Finding:
    """Its word is `problem.severity`; its security severity is made from it and blurs it. Its help names the page."""
    word = context.rule.properties.get("problem.severity")
    word = {"note": "info", "recommendation": "info"}.get(str(word), str(word)) if word else None
    rated = severity.from_word(word) if word else finding.severity
    places = () if finding.location.snippet == _ABSENT else finding.locations
    return replace(
        finding,
        severity=rated,
        tool_severity=word or finding.tool_severity,
        title=first_line(finding.message),
        locations=places,
    )
