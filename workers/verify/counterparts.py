"""Findings that stand where a worse one stood: what a scanner asks to be looked at in every use of a safe interface.

A rule is here only where it reports the use itself and not a weakness, where no fix of the other rule can be without
it, and where both come from one scanner. Such a finding is no regression; the verdict still recommends to look at it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from daemon.domain.finding import Finding


class Counterpart(msgspec.Struct, frozen=True):
    """Rules that end, rules that may stand in their place, and why that is right."""

    tool: str
    ended: frozenset[str]
    instead: frozenset[str]
    why: str


_SHELL = frozenset(("B602", "B604", "B605", "B607", "B609"))
COUNTERPARTS = (
    Counterpart(
        "bandit",
        _SHELL,
        frozenset(("B603", "B404", "B607")),
        "bandit notes every subprocess; without a shell only the program and its arguments are left to check",
    ),
    Counterpart(
        "bandit",
        frozenset(("B301", "B302", "B307", "B102", "B506")),
        frozenset(("B403",)),
        "bandit notes the import itself",
    ),
    Counterpart(
        "hadolint",
        frozenset(("DL3027",)),
        frozenset(("DL3008", "DL3009", "DL3014", "DL3015")),
        "hadolint asks this of apt-get alone: the same packages were installed in the same way by apt",
    ),
)


def counterpart(new: Finding, ended: Sequence[Finding]) -> str | None:
    """Why a new finding is what an ended one leaves behind; none where it is not."""
    for table in COUNTERPARTS:
        if new.tool == table.tool and new.rule in table.instead:
            gone = [finding for finding in ended if finding.tool == table.tool and finding.rule in table.ended]
            if any(new.severity.rank <= finding.severity.rank for finding in gone):
                return table.why
    return None
