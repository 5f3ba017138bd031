"""What the scanner itself says, as an analysis: for findings that no model explains."""

from __future__ import annotations

import msgspec

from daemon.domain.analysis import Analysis, AnalysisSource
from daemon.domain.finding import Finding

NO_REMEDIATION = "The scanner gives no remediation."
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


def advised(analysis: Analysis, advice: str) -> Analysis:
    """The analysis with `advice` as its remediation, where the scanner had none of its own."""
    if analysis.remediation != NO_REMEDIATION or not advice:
        return analysis
    return msgspec.structs.replace(analysis, remediation=" ".join(advice.split()))


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
    if finding.help_text and not _repeats(finding.help_text, finding):
        return _short(finding.help_text)
    offered = next((fix.description for fix in finding.fixes if fix.description), "")
    return _short(offered) or NO_REMEDIATION


def _repeats(text: str, finding: Finding) -> bool:
    """Whether a rule's help only says again what was found."""
    said = " ".join(text.lower().split()).rstrip(".")
    return any(said in " ".join(other.lower().split()) for other in (finding.message, finding.title))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
