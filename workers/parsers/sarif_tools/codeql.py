"""CodeQL's SARIF."""

from __future__ import annotations

from msgspec.structs import replace

from daemon.domain.finding import Finding
from workers.parsers import severity
from workers.parsers.sarif_tools import Context, refinement


@refinement("codeql", drivers=("codeql*",))
def refine(finding: Finding, context: Context) -> Finding:
    """`problem.severity` is the word of rules that have no security severity."""
    word = context.rule.properties.get("problem.severity")
    if not isinstance(word, str):
        return finding
    if context.rule.score is not None:
        return replace(finding, tool_severity=word)
    return replace(finding, severity=severity.from_word(word), tool_severity=word)
