"""Severity as every tool's words are normalised to."""

from __future__ import annotations

import enum


class Severity(enum.StrEnum):
    """How bad a finding is, by the scale that CVSS 3 and 4 name."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """Greater is worse; `unknown` ranks with `low`, so that it is neither hidden nor alarming."""
        return _RANK[self]


_RANK = {
    Severity.CRITICAL: 5,
    Severity.HIGH: 4,
    Severity.MEDIUM: 3,
    Severity.LOW: 2,
    Severity.UNKNOWN: 2,
    Severity.INFO: 1,
}
