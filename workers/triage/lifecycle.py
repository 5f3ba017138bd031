"""the findings known before + one scan → what opened, stayed, came back, or is fixed.

Pure: one tool, one branch. The caller picks the findings of that tool and branch and stores the outcome.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from daemon.domain.finding import Finding, FindingState


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A finding as it was stored."""

    id: str
    finding: Finding
    state: FindingState = FindingState.OPEN
    suppressed_until: dt.datetime | None = None
    """When a person's suppression ends; none for one without an end."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What one scan means for one finding."""

    id: str
    """The id under which it is known, or its new one."""
    scanned_id: str | None = None
    """Its id in this scan, where the scanner's own fingerprint tied it to a known one; none where it is gone."""
    before: FindingState | None = None
    """None for a finding that was never seen."""
    after: FindingState
    reason: str


_ALIVE = (FindingState.OPEN, FindingState.REOPENED)


def changes(
    known: Sequence[Known],
    scanned: Mapping[str, Finding],
    *,
    now: dt.datetime,
    complete: bool = True,
    covers: Callable[[Finding], bool] | None = None,
) -> list[Change]:
    """The changes that a scan makes; a finding that stays as it was makes none.

    Args:
        known: Of the same tool and branch.
        scanned: Id → finding, as `workers.triage.merge.distinct` gives them.
        now: For suppressions that end; time zone aware.
        complete: False for a scan that failed somewhere: what it does not have is then not taken for fixed.
        covers: Whether the scan looked at where this known finding stands; without it, a scan covers everything.
    """
    ties = _ties(known, scanned)
    by_id = {item.id: item for item in known}
    result = [
        change
        for identifier, finding in scanned.items()
        if (change := _seen(identifier, finding, by_id.get(ties.get(identifier, identifier)), now))
    ]
    present = {ties.get(identifier, identifier) for identifier in scanned}
    gone = (item for item in known if complete and item.id not in present and item.state in _ALIVE)
    result += [
        Change(id=item.id, before=item.state, after=FindingState.FIXED, reason="the scan no longer reports it")
        for item in gone
        if covers is None or covers(item.finding)
    ]
    return result


def _seen(identifier: str, finding: Finding, known: Known | None, now: dt.datetime) -> Change | None:
    """What it means that a scan has this finding."""
    after, reason = _state(finding, known, now)
    before = known.state if known else None
    name = known.id if known else identifier
    if before is after and name == identifier:
        return None
    return Change(id=name, scanned_id=identifier, before=before, after=after, reason=reason)


def _state(finding: Finding, known: Known | None, now: dt.datetime) -> tuple[FindingState, str]:
    if finding.suppressed:
        return FindingState.SUPPRESSED, finding.suppressed
    if known is None:
        return FindingState.OPEN, "new in this scan"
    if known.state is FindingState.FIXED:
        return FindingState.REOPENED, "the scan reports it again"
    if known.state is FindingState.SUPPRESSED:
        until = known.suppressed_until
        if known.finding.suppressed:
            return FindingState.OPEN, "the source no longer suppresses it"
        if until is not None and until <= now:
            return FindingState.OPEN, f"its suppression ended on {until.date().isoformat()}"
    return known.state, "the scan still reports it"


def _ties(known: Iterable[Known], scanned: Mapping[str, Finding]) -> dict[str, str]:
    """Scanned id → known id, for findings whose code changed and whose scanner says that they are the same.

    A scanner's fingerprint counts only beside the same rule and file, and only where it names one finding on each side.
    """
    present = set(scanned)
    before, after = defaultdict(list), defaultdict(list)
    for item in known:
        if item.id not in present and item.state in _ALIVE:
            for key in _own_marks(item.finding):
                before[key].append(item.id)
    ids = {item.id for item in known}
    for identifier, finding in scanned.items():
        if identifier not in ids:
            for key in _own_marks(finding):
                after[key].append(identifier)
    return {after[key][0]: before[key][0] for key in after if len(after[key]) == 1 and len(before.get(key, ())) == 1}


def _own_marks(finding: Finding) -> list[tuple[str, str, str, str, str]]:
    subject = (finding.tool, finding.rule, finding.path or "")
    return [(*subject, name, value) for name, value in finding.partial_fingerprints.items() if len(value) >= 8]
