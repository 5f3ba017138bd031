"""What the scanner itself says, as an analysis: for findings that no model explains."""

from __future__ import annotations

from daemon.domain.analysis import Analysis, AnalysisSource
from daemon.domain.finding import Finding

_LONGEST = 600


def from_rule(finding: Finding, note: str) -> Analysis:
    """The rule's own words; `note` says why no model's stand here."""
    return Analysis(
        impact=_short(finding.message or finding.title or finding.rule),
        remediation=_remediation(finding),
        prevention=prevention(finding),
        source=AnalysisSource.RULE,
        note=note,
    )


def prevention(finding: Finding) -> str:
    """What keeps it from coming back, whatever it is: the scanner that found it."""
    more = f" About the rule: {finding.help_uri}" if finding.help_uri else ""
    return f"Run {finding.tool} on every change: its rule {finding.rule} reports this.{more}"


def _remediation(finding: Finding) -> str:
    package = finding.package
    if package and package.fixed_versions:
        return f"Update {package.name} from {package.version} to one of: {', '.join(package.fixed_versions[:5])}."
    if package:
        return f"No fixed version of {package.name} is known."
    if finding.help_text and finding.help_text != finding.message:
        return _short(finding.help_text)
    offered = next((fix.description for fix in finding.fixes if fix.description), "")
    return _short(offered) or "The scanner gives no remediation."


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
