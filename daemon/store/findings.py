"""Findings over the scans of a repository: saved, closed, reopened, suppressed, read."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from daemon.domain.artifact import Artifact
from daemon.domain.finding import Finding, FindingState
from daemon.domain.scan import KeptFinding, Scan
from daemon.domain.severity import Severity
from daemon.store.tables.results import findings
from daemon.store.upsert import upsert

_OPEN = (FindingState.OPEN, FindingState.REOPENED)
_CHUNK = 500
"""Ids per statement: SQLite and PostgreSQL bound the number of parameters."""
_REFRESHED = (
    *("branch", "commit_sha", "artifact_id", "scan_key", "severity", "severity_rank", "category", "path", "line"),
    *("group_key", "state", "last_seen_at", "data"),
)
"""What a later scan of the same finding overwrites."""
_encode = msgspec.msgpack.Encoder().encode
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
    group: str | None
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
    states: tuple[FindingState, ...] = _OPEN
    outcome: str | None = None
    since: float | None = None
    limit: int = 100
    offset: int = 0


def scan_key(tool: str, artifact_name: str) -> str:
    """Which scans replace each other: the tool, and the artifact's name without run numbers and dates."""
    return f"{tool}:{re.sub(r'[-_.]?[0-9]{2,}', '', artifact_name)}"


def save_scan(conn: sa.Connection, artifact: Artifact, scan: Scan) -> list[str]:
    """Save what a scan found; close what a newer scan of the same key no longer has, reopen what is back.

    Returns the ids that want fixing: open ones that are new, back, or now seen at another commit. Saving the same
    scan again changes nothing but `last_seen_at`, and returns what is still without an outcome.
    """
    now = time.time()
    before = _before(conn, [kept.id for kept in scan.findings])
    rows = [_row(kept, artifact, before.get(kept.id), now) for kept in scan.findings]
    upsert(conn, findings, rows, update=_REFRESHED)
    if artifact.repository:
        for tool in sorted({file.tool for file in scan.files if file.tool}):
            _close_missing(conn, artifact, scan_key(tool, artifact.name), now)
    return [row["id"] for row in rows if row["state"] in _OPEN and _wants_fixing(row, before.get(row["id"]))]


def _wants_fixing(row: dict[str, Any], before: Any) -> bool:
    return before is None or before.outcome == "pending" or before.commit_sha != row["commit_sha"]


def _before(conn: sa.Connection, ids: Sequence[str]) -> dict[str, Any]:
    """What is stored of these ids already."""
    found: dict[str, Any] = {}
    wanted = (findings.c.id, findings.c.state, findings.c.outcome, findings.c.commit_sha)
    for start in range(0, len(ids), _CHUNK):
        query = sa.select(*wanted).where(findings.c.id.in_(ids[start : start + _CHUNK]))
        found.update({row.id: row for row in conn.execute(query)})
    return found


def _row(kept: KeptFinding, artifact: Artifact, before: Any, now: float) -> dict[str, Any]:
    finding = kept.finding
    return {
        "id": kept.id,
        "repository": artifact.repository or "",
        "branch": artifact.branch or "",
        "commit_sha": artifact.commit or "",
        "artifact_id": artifact.id,
        "scan_key": scan_key(finding.tool, artifact.name),
        "tool": finding.tool,
        "rule": finding.rule,
        "severity": str(finding.severity),
        "severity_rank": finding.severity.rank,
        "category": finding.category,
        "path": finding.path,
        "line": finding.line,
        "group_key": kept.group,
        "state": str(_next_state(before.state if before else None, finding)),
        "state_reason": finding.suppressed,
        "first_seen_at": now,
        "last_seen_at": now,
        "data": _encode(finding),
    }


def _next_state(before: str | None, finding: Finding) -> FindingState:
    if finding.suppressed or before == FindingState.SUPPRESSED:
        return FindingState.SUPPRESSED
    if before in (FindingState.FIXED, FindingState.REOPENED):
        return FindingState.REOPENED
    return FindingState.OPEN


def _close_missing(conn: sa.Connection, artifact: Artifact, key: str, now: float) -> None:
    same_scan = (
        findings.c.repository == artifact.repository,
        findings.c.branch == (artifact.branch or ""),
        findings.c.scan_key == key,
    )
    older = (findings.c.state.in_(_OPEN), findings.c.last_seen_at < now, findings.c.artifact_id < artifact.id)
    gone = findings.update().where(*same_scan, *older)
    conn.execute(gone.values(state=str(FindingState.FIXED), state_reason=f"gone in artifact {artifact.id}"))


def load(conn: sa.Connection, ids: Sequence[str]) -> list[StoredFinding]:
    """The findings of these ids, in this order; unknown ids are left out."""
    found: dict[str, StoredFinding] = {}
    for start in range(0, len(ids), _CHUNK):
        query = sa.select(findings).where(findings.c.id.in_(ids[start : start + _CHUNK]))
        found.update({row.id: _stored(row) for row in conn.execute(query)})
    return [found[one] for one in ids if one in found]


def matching_ids(conn: sa.Connection, prefix: str) -> list[str]:
    """Ids that begin with `prefix`, at most two: people type a few characters."""
    query = sa.select(findings.c.id).where(findings.c.id.startswith(prefix, autoescape=True)).limit(2)
    return list(conn.execute(query).scalars())


def listing(conn: sa.Connection, wanted: Filter) -> list[StoredFinding]:
    """Findings that pass the filter, worst first."""
    query = sa.select(findings).where(*_conditions(wanted))
    query = query.order_by(findings.c.severity_rank.desc(), findings.c.id).limit(wanted.limit).offset(wanted.offset)
    return [_stored(row) for row in conn.execute(query)]


def count(conn: sa.Connection, wanted: Filter) -> int:
    """How many findings pass the filter, whatever its limit."""
    total: int = conn.execute(sa.select(sa.func.count()).select_from(findings).where(*_conditions(wanted))).scalar_one()
    return total


def _conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [findings.c.state.in_([str(state) for state in wanted.states])]
    equal = {"repository": wanted.repository, "tool": wanted.tool, "rule": wanted.rule, "outcome": wanted.outcome}
    conditions += [findings.c[name] == value for name, value in equal.items() if value is not None]
    if wanted.min_severity is not None:
        conditions.append(findings.c.severity_rank >= wanted.min_severity.rank)
    if wanted.since is not None:
        conditions.append(findings.c.first_seen_at >= wanted.since)
    return conditions


def set_outcome(conn: sa.Connection, finding_id: str, *, fixed: bool, reason: str | None) -> None:
    """Record how enrichment ended for one finding; a reason is due where nothing was verified."""
    outcome = "fixed" if fixed else "unfixed"
    conn.execute(findings.update().where(findings.c.id == finding_id).values(outcome=outcome, reason=reason))


def suppress(conn: sa.Connection, finding_id: str, reason: str, until: dt.datetime | None) -> bool:
    """Hide a finding, with a person's reason; False where there is no such finding."""
    values = {
        "state": str(FindingState.SUPPRESSED),
        "state_reason": reason,
        "state_until": until.timestamp() if until else None,
    }
    return conn.execute(findings.update().where(findings.c.id == finding_id).values(values)).rowcount == 1


def end_suppressions(conn: sa.Connection, now: float) -> int:
    """Open the findings whose suppression has run out; how many they were."""
    expired = (findings.c.state == str(FindingState.SUPPRESSED), findings.c.state_until < now)
    values = {"state": str(FindingState.OPEN), "state_reason": None, "state_until": None}
    return conn.execute(findings.update().where(*expired).values(values)).rowcount


def _stored(row: Any) -> StoredFinding:
    return StoredFinding(
        id=row.id,
        repository=row.repository,
        branch=row.branch,
        commit=row.commit_sha,
        artifact_id=row.artifact_id,
        state=FindingState(row.state),
        state_reason=row.state_reason,
        group=row.group_key,
        outcome=row.outcome,
        reason=row.reason,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        finding=_decode(row.data),
    )
