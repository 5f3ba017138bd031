"""Findings as they are read, listed, suppressed; `lifecycle` is what scans make of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from daemon.domain.finding import Finding, FindingState
from daemon.domain.severity import Severity
from daemon.store.tables.results import findings

OPEN = (FindingState.OPEN, FindingState.REOPENED)
SCANNER, PERSON = "scanner", "person"
"""Who suppresses."""
CHUNK = 500
"""Ids per statement: SQLite and PostgreSQL bound the number of parameters."""
_decode = msgspec.msgpack.Decoder(Finding).decode


class StoredFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with what secaid knows about it."""

    id: str
    repository: str
    branch: str
    commit: str
    artifact_id: int
    state: FindingState
    state_reason: str | None
    state_until: float | None
    """When a person's suppression ends, in seconds since 1970, UTC; none for one without an end."""
    group: str | None
    urgency: float
    """Greater is more urgent."""
    urgency_reasons: tuple[str, ...]
    new: bool
    """First seen by the latest scan of its kind."""
    outcome: str
    """`pending`, `fixed` (there is a verified fix) or `unfixed`."""
    reason: str | None
    """Why there is no verified fix."""
    first_seen_at: float
    last_seen_at: float
    finding: Finding


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which findings to list; every field narrows."""

    repository: str | None = None
    tool: str | None = None
    rule: str | None = None
    min_severity: Severity | None = None
    states: tuple[FindingState, ...] = OPEN
    outcome: str | None = None
    category: str | None = None
    since: float | None = None
    new: bool = False
    """Only what the latest scan of its kind was the first to see."""
    limit: int = 100
    offset: int = 0


def load(conn: sa.Connection, ids: Sequence[str]) -> list[StoredFinding]:
    """The findings of these ids, in this order; unknown ids are left out."""
    found: dict[str, StoredFinding] = {}
    for start in range(0, len(ids), CHUNK):
        query = sa.select(findings).where(findings.c.id.in_(ids[start : start + CHUNK]))
        found.update({row.id: _stored(row) for row in conn.execute(query)})
    return [found[one] for one in ids if one in found]


def matching_ids(conn: sa.Connection, prefix: str) -> list[str]:
    """Ids that begin with `prefix`, at most two: people type a few characters."""
    query = sa.select(findings.c.id).where(findings.c.id.startswith(prefix, autoescape=True)).limit(2)
    return list(conn.execute(query).scalars())


def listing(conn: sa.Connection, wanted: Filter) -> list[StoredFinding]:
    """Findings that pass the filter, most urgent first; equally urgent ones of a group together."""
    return load(conn, list(conn.execute(listing_query(wanted)).scalars()))


def listing_query(wanted: Filter) -> sa.CompoundSelect[Any] | sa.Select[Any]:
    """The ids that `listing` shows: each state's in the order of an index, merged; nothing is read in vain."""
    last = wanted.limit + wanted.offset
    found = [
        sa.select(findings.c.id, findings.c.group_key, findings.c.urgency)
        .where(findings.c.state == str(state), *_conditions(wanted))
        .order_by(findings.c.urgency.desc(), findings.c.group_key.desc(), findings.c.id.desc())
        .limit(last)
        .subquery()
        for state in wanted.states
    ]
    merged = sa.union_all(*(sa.select(one.c.id, one.c.group_key, one.c.urgency) for one in found)).subquery()
    query = sa.select(merged.c.id).order_by(merged.c.urgency.desc(), merged.c.group_key.desc(), merged.c.id.desc())
    return query.limit(wanted.limit).offset(wanted.offset)


def count(conn: sa.Connection, wanted: Filter) -> int:
    """How many findings pass the filter, whatever its limit."""
    total: int = conn.execute(count_query(wanted)).scalar_one()
    return total


def count_query(wanted: Filter) -> sa.Select[Any]:
    """What `count` asks."""
    in_state = findings.c.state.in_([str(state) for state in wanted.states])
    return sa.select(sa.func.count()).select_from(findings).where(in_state, *_conditions(wanted))


def _conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    names = ("repository", "tool", "rule", "outcome", "category")
    conditions: list[sa.ColumnElement[bool]] = [
        findings.c[name] == value for name in names if (value := getattr(wanted, name)) is not None
    ]
    if wanted.min_severity is not None:
        enough = [str(severity) for severity in Severity if severity.rank >= wanted.min_severity.rank]
        conditions.append(findings.c.severity.in_(enough))
    if wanted.since is not None:
        conditions.append(findings.c.first_seen_at >= wanted.since)
    if wanted.new:
        conditions.append(findings.c.first_artifact_id == findings.c.artifact_id)
    return conditions


def of_group(conn: sa.Connection, group: str) -> list[str]:
    """Ids of a group's findings: what one fix should end together."""
    query = sa.select(findings.c.id).where(findings.c.group_key == group).order_by(findings.c.id)
    return list(conn.execute(query).scalars())


def set_outcome(conn: sa.Connection, finding_id: str, *, fixed: bool, reason: str | None) -> None:
    """Record how enrichment ended for one finding; a reason is due where nothing was verified."""
    outcome = "fixed" if fixed else "unfixed"
    conn.execute(findings.update().where(findings.c.id == finding_id).values(outcome=outcome, reason=reason))


def state_values(
    state: FindingState, reason: str | None = None, until: float | None = None, by: str | None = None
) -> dict[str, Any]:
    """The columns that say where a finding stands, and why."""
    return {"state": str(state), "state_reason": reason, "state_until": until, "suppressed_by": by}


def suppress(conn: sa.Connection, finding_id: str, reason: str, until: dt.datetime | None) -> bool:
    """Hide a finding, with a person's reason; False where there is no such finding."""
    values = state_values(FindingState.SUPPRESSED, reason, until.timestamp() if until else None, PERSON)
    return conn.execute(findings.update().where(findings.c.id == finding_id).values(values)).rowcount == 1


def lift(conn: sa.Connection, finding_id: str) -> bool:
    """Open a suppressed finding; False where it is not suppressed."""
    hidden = (findings.c.id == finding_id, findings.c.state == str(FindingState.SUPPRESSED))
    return conn.execute(findings.update().where(*hidden).values(state_values(FindingState.OPEN))).rowcount == 1


def end_suppressions(conn: sa.Connection, now: float) -> int:
    """Open the findings whose suppression has run out; how many they were."""
    ended = state_values(FindingState.OPEN, "its suppression has ended")
    return conn.execute(findings.update().where(_run_out(now)).values(ended)).rowcount


def suppressions_due(conn: sa.Connection, now: float) -> bool:
    """Whether a suppression has run out, which `end_suppressions` would end."""
    return conn.execute(sa.select(findings.c.id).where(_run_out(now)).limit(1)).first() is not None


def _run_out(now: float) -> sa.ColumnElement[bool]:
    return sa.and_(findings.c.state == str(FindingState.SUPPRESSED), findings.c.state_until <= now)


def _stored(row: Any) -> StoredFinding:
    return StoredFinding(
        id=row.id,
        repository=row.repository,
        branch=row.branch,
        commit=row.commit_sha,
        artifact_id=row.artifact_id,
        state=FindingState(row.state),
        state_reason=row.state_reason,
        state_until=row.state_until,
        group=row.group_key,
        urgency=row.urgency,
        urgency_reasons=tuple(row.urgency_reasons.splitlines()),
        new=row.first_artifact_id == row.artifact_id,
        outcome=row.outcome,
        reason=row.reason,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        finding=_decode(row.data),
    )
