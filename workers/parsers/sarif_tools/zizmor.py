"""zizmor's SARIF."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.finding import Finding
from workers.parsers import severity
from workers.parsers.sarif_tools import Context, refinement


@refinement("zizmor", drivers=("zizmor",))
def refine(finding: Finding, context: Context) -> Finding:
    """The rule as zizmor's JSON names it, and the severity and confidence that its levels blur."""
    properties = context.result.properties or {}
    word, confidence = (properties.get(f"zizmor/{key}") for key in ("severity", "confidence"))
    changed = replace(
        finding,
        rule=finding.rule.removeprefix("zizmor/"),
        confidence=confidence if isinstance(confidence, str) else None,
        title=context.rule.help_text or finding.title,
    )
    if not isinstance(word, str):
        return changed
    return replace(changed, severity=severity.from_word(word), tool_severity=word)
