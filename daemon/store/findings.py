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
_MAIN = frozenset({"", "main", "master", "trunk", "develop"})
"""Branches whose scans decide on a finding, once it was seen there."""
_SCANNER, _PERSON = "scanner", "person"
"""Who suppresses."""
_CHUNK = 500
"""Ids per statement: SQLite and PostgreSQL bound the number of parameters."""
_REFRESHED = (
    *("branch", "commit_sha", "artifact_id", "scan_key", "severity", "category", "path", "line", "group_key"),
    *("urgency", "urgency_reasons", "state", "state_reason", "state_until", "suppressed_by", "last_seen_at", "data"),
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
    states: tuple[FindingState, ...] = _OPEN
    outcome: str | None = None
    category: str | None = None
    since: float | None = None
    new: bool = False
    """Only what the latest scan of its kind was the first to see."""
    limit: int = 100
    offset: int = 0


def scan_key(tool: str, artifact_name: str) -> str:
    """Which scans replace each other: the tool, and the artifact's name without run numbers and dates."""
    return f"{tool}:{re.sub(r'[-_.]?[0-9]{2,}', '', artifact_name)}"


def save_scan(conn: sa.Connection, artifact: Artifact, scan: Scan) -> list[str]:
    """Save what a scan found; close what a newer scan of the same key no longer has, reopen what is back.

    A finding that a main branch has is decided on by scans of main branches alone: another branch may be old, or ahead.
    A scan that failed somewhere closes nothing.

    Returns the ids that want fixing: open ones that are new, back, or now seen at another commit. Saving the same
    scan again changes nothing but `last_seen_at`, and returns what is still without an outcome.
    """
    now = time.time()
    before = _before(conn, [kept.id for kept in scan.findings])
    decided = [kept for kept in scan.findings if _decides(artifact, before.get(kept.id))]
    rows = [_row(kept, artifact, before.get(kept.id), now) for kept in decided]
    upsert(conn, findings, rows, update=_REFRESHED)
    if artifact.repository and scan.complete:
        tools = {file.tool for file in scan.files if file.tool} | {kept.finding.tool for kept in scan.findings}
        for tool in sorted(tools):
            _close_missing(conn, artifact, scan_key(tool, artifact.name), now)
    return [row["id"] for row in rows if row["state"] in _OPEN and _wants_fixing(row, before.get(row["id"]))]


def _decides(artifact: Artifact, before: Any) -> bool:
    return before is None or before.branch not in _MAIN or (artifact.branch or "") in _MAIN


def _wants_fixing(row: dict[str, Any], before: Any) -> bool:
    return before is None or before.outcome == "pending" or before.commit_sha != row["commit_sha"]


def _before(conn: sa.Connection, ids: Sequence[str]) -> dict[str, Any]:
    """What is stored of these ids already."""
    found: dict[str, Any] = {}
    names = ("id", "state", "state_reason", "state_until", "suppressed_by", "outcome", "commit_sha", "branch")
    wanted = [findings.c[name] for name in names]
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
        "first_artifact_id": artifact.id,
        "scan_key": scan_key(finding.tool, artifact.name),
        "tool": finding.tool,
        "rule": finding.rule,
        "severity": str(finding.severity),
        "category": finding.category,
        "path": finding.path,
        "line": finding.line,
        "group_key": kept.group or kept.id,
        "urgency": kept.urgency,
        "urgency_reasons": "\n".join(kept.urgency_reasons),
        **_next_state(finding, artifact, before, now),
        "first_seen_at": now,
        "last_seen_at": now,
        "data": _encode(finding),
    }


def _next_state(finding: Finding, artifact: Artifact, before: Any, now: float) -> dict[str, Any]:
    """What it means for a finding that a scan has it."""
    if before and before.suppressed_by == _PERSON and (before.state_until is None or before.state_until > now):
        return _state(FindingState.SUPPRESSED, before.state_reason, before.state_until, _PERSON)
    if finding.suppressed:
        return _state(FindingState.SUPPRESSED, finding.suppressed, None, _SCANNER)
    if before and before.state == FindingState.FIXED:
        return _state(FindingState.REOPENED, f"back in artifact {artifact.id}")
    if before and before.state == FindingState.REOPENED:
        return _state(FindingState.REOPENED, before.state_reason)
    return _state(FindingState.OPEN)


def _state(
    state: FindingState, reason: str | None = None, until: float | None = None, by: str | None = None
) -> dict[str, Any]:
    return {"state": str(state), "state_reason": reason, "state_until": until, "suppressed_by": by}


def _close_missing(conn: sa.Connection, artifact: Artifact, key: str, now: float) -> None:
    same_scan = (
        findings.c.repository == artifact.repository,
        findings.c.branch == (artifact.branch or ""),
        findings.c.scan_key == key,
    )
    older = (findings.c.state.in_(_OPEN), findings.c.last_seen_at < now, findings.c.artifact_id < artifact.id)
    gone = findings.update().where(*same_scan, *older)
    conn.execute(gone.values(_state(FindingState.FIXED, f"gone in artifact {artifact.id}")))


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


def suppress(conn: sa.Connection, finding_id: str, reason: str, until: dt.datetime | None) -> bool:
    """Hide a finding, with a person's reason; False where there is no such finding."""
    values = _state(FindingState.SUPPRESSED, reason, until.timestamp() if until else None, _PERSON)
    return conn.execute(findings.update().where(findings.c.id == finding_id).values(values)).rowcount == 1


def lift(conn: sa.Connection, finding_id: str) -> bool:
    """Open a suppressed finding; False where it is not suppressed."""
    hidden = (findings.c.id == finding_id, findings.c.state == str(FindingState.SUPPRESSED))
    return conn.execute(findings.update().where(*hidden).values(_state(FindingState.OPEN))).rowcount == 1


def end_suppressions(conn: sa.Connection, now: float) -> int:
    """Open the findings whose suppression has run out; how many they were."""
    ended = _state(FindingState.OPEN, "its suppression has ended")
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
