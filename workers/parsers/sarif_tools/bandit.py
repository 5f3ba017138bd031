"""Bandit's SARIF."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.finding import Finding
from workers.parsers import severity
from workers.parsers.sarif_tools import Context, refinement


@refinement("bandit", drivers=("bandit",))
def refine(finding: Finding, context: Context) -> Finding:
    """Its own severity and confidence stand in the properties."""
    properties = context.result.properties or {}
    word, confidence = properties.get("issue_severity"), properties.get("issue_confidence")
    if not isinstance(word, str):
        return finding
    sure = confidence if isinstance(confidence, str) else None
    return replace(finding, severity=severity.from_word(word), tool_severity=word, confidence=sure)
