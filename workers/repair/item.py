"""What a person asked for, and one finding on its way to fixes."""

from __future__ import annotations

import fnmatch

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.fix import Fix
from daemon.domain.severity import Severity


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asked for."""

    only: tuple[str, ...] = ()
    """Rule patterns, `rule` or `tool:rule`; empty means all."""
    exclude: tuple[str, ...] = ()
    min_severity: Severity = Severity.INFO
    approaches: tuple[str, ...] = ()
    """Patterns of approach names; empty means all."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One finding, with every candidate that was tried, the best first."""

    id: str
    finding: Finding
    fixes: tuple[Fix, ...] = ()
    reason: str | None = None
    """Why none is verified; none where one is."""
    harmless: bool = False
    """There is nothing to mend, as the reason says."""

    @property
    def verified(self) -> tuple[Fix, ...]:
        """The fixes that a person may apply."""
        return tuple(fix for fix in self.fixes if fix.verdict.verified)


def chosen(finding: Finding, options: Options) -> bool:
    """Whether a person asked for this finding."""
    if finding.severity.rank < options.min_severity.rank:
        return False
    names = (finding.rule, f"{finding.tool}:{finding.rule}")
    if any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in options.exclude):
        return False
    return not options.only or any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in options.only)
