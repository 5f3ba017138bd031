"""findings → the order in which a person should look at them, with why."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.severity import Severity

_SEVERITY = {
    Severity.CRITICAL: 100.0,
    Severity.HIGH: 70.0,
    Severity.MEDIUM: 40.0,
    Severity.UNKNOWN: 25.0,
    Severity.LOW: 20.0,
    Severity.INFO: 5.0,
}
_CONFIDENCE = {"high": 5.0, "very-high": 5.0, "confirmed": 10.0, "low": -10.0, "false positive": -40.0}
_EASILY_EXPLOITED = 0.1
"""EPSS; about one vulnerability in twenty is above it."""
_ENTRANCES = frozenset({"injection", "authentication", "credential-validation", "challenge-expiry", "deserialization"})
"""Types that strangers reach first."""
_TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "examples", "example", "fixtures", "testdata", "docs"})


class Rank(msgspec.Struct, frozen=True, order=True):
    """How urgent a finding is."""

    score: float
    """0 and up; greater comes first."""
    reasons: tuple[str, ...] = ()
    """What moved it, in words."""


def rank(finding: Finding) -> Rank:
    """The urgency of a finding: severity first, then what is known of exploitation, reach, certainty and a fix."""
    score = _SEVERITY[finding.severity]
    reasons: list[str] = [f"severity {finding.severity}"]
    for points, reason in _weights(finding):
        score += points
        reasons.append(reason)
    return Rank(max(score, 0.0), tuple(reasons))


def _weights(finding: Finding) -> Iterable[tuple[float, str]]:
    if finding.epss is not None and finding.epss >= _EASILY_EXPLOITED:
        yield 30.0 * min(finding.epss * 2, 1.0), f"likely to be exploited (EPSS {finding.epss:.0%})"
    if finding.reachable is not None:
        yield (
            (15.0, "the vulnerable code is called")
            if finding.reachable
            else (-25.0, "the vulnerable code is not called")
        )
    if finding.category in _ENTRANCES:
        yield 8.0, f"strangers reach it ({finding.category})"
    if finding.category == "secret" and finding.tool_severity == "verified":
        yield 30.0, "the credential was verified to work"
    points = _CONFIDENCE.get((finding.confidence or "").lower())
    if points:
        yield points, f"the scanner is {finding.confidence} sure"
    if _TEST_FOLDERS & set((finding.path or "").lower().split("/")[:-1]):
        yield -12.0, "it is in tests or examples"
    if _has_fix(finding):
        yield 10.0, "a fix is at hand"
    if finding.suppressed:
        yield -60.0, "it is suppressed"


def _has_fix(finding: Finding) -> bool:
    return bool(finding.fixes or (finding.package and finding.package.fixed_versions))
