"""findings → what a person should know before reading them one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.severity import Severity

_NOISY_SHARE = 0.3
_NOISY_LEAST = 10


class RuleShare(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one tool's findings comes from one rule."""

    tool: str
    rule: str
    findings: int
    of_tool: int
    applied: int = 0
    """Fixes of this rule that a person took."""
    fixable: int = 0
    """Findings of this rule with a fix at hand."""
    worst: Severity = Severity.UNKNOWN

    @property
    def noisy(self) -> bool:
        """Many findings, a large part of the tool's, and nobody ever took a fix for one."""
        return self.findings >= _NOISY_LEAST and self.findings >= _NOISY_SHARE * self.of_tool and not self.applied

    def __str__(self) -> str:
        """`88 of 107 semgrep findings come from one rule, …: 0 applied fixes`."""
        return (
            f"{self.findings} of {self.of_tool} {self.tool} findings come from one rule, {self.rule}: "
            f"{self.applied} applied fixes"
        )


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with what secaid knows of its fixes."""

    finding: Finding
    applied: bool = False
    fixable: bool = False


def by_rule(findings: Iterable[Seen]) -> list[RuleShare]:
    """Each rule's share of its tool's findings, the largest first."""
    rules: defaultdict[tuple[str, str], list[Seen]] = defaultdict(list)
    tools: defaultdict[str, int] = defaultdict(int)
    for item in findings:
        rules[item.finding.tool, item.finding.rule].append(item)
        tools[item.finding.tool] += 1
    shares = [
        RuleShare(
            tool=tool,
            rule=rule,
            findings=len(items),
            of_tool=tools[tool],
            applied=sum(item.applied for item in items),
            fixable=sum(item.fixable for item in items),
            worst=max((item.finding.severity for item in items), key=lambda severity: severity.rank),
        )
        for (tool, rule), items in rules.items()
    ]
    return sorted(shares, key=lambda share: (-share.findings, share.tool, share.rule))


def noisy(findings: Iterable[Seen]) -> list[RuleShare]:
    """The rules that a person should tune, or fix at once, before reading on."""
    return [share for share in by_rule(findings) if share.noisy]
