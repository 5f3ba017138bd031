"""Semgrep's SARIF."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.finding import Finding
from workers.parsers.sarif_tools import Context, refinement
from workers.parsers.text import first_line

_CONFIDENCES = ("HIGH CONFIDENCE", "MEDIUM CONFIDENCE", "LOW CONFIDENCE")


@refinement("semgrep", drivers=("semgrep*", "opengrep*"))
def refine(finding: Finding, context: Context) -> Finding:
    """A title in words instead of `Semgrep Finding: rule`, and the rule's own confidence."""
    words = (tag.removesuffix(" CONFIDENCE") for tag in context.rule.tags if tag in _CONFIDENCES)
    return replace(finding, title=first_line(finding.message), confidence=next(words, None))
