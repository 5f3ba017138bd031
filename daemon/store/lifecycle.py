"""What a scan makes of the findings of its repository: saved, closed, reopened, left alone."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from daemon.domain.artifact import Artifact
from daemon.domain.finding import Finding, FindingState
from daemon.domain.scan import KeptFinding, Scan
from daemon.store.findings import CHUNK, OPEN, PERSON, SCANNER, state_values
from daemon.store.tables.results import artifacts, findings, reports
from daemon.store.upsert import upsert

_MAIN = frozenset({"", "main", "master", "trunk", "develop"})
"""Branches whose scans decide on a finding, once it was seen there."""
_REFRESHED = (
    *("branch", "commit_sha", "artifact_id", "scan_key", "severity", "category", "path", "line", "group_key"),
    *("urgency", "urgency_reasons", "state", "state_reason", "state_until", "suppressed_by", "last_seen_at", "data"),
)
"""What a later scan of the same finding overwrites."""
_UNNAMED = "unknown"
"""The tool of a report that does not say whose it is: `[]`."""
_LOOKED_BACK = 50
"""Earlier artifacts that are asked whose such a report is."""
_encode = msgspec.msgpack.Encoder().encode


def scan_key(tool: str, artifact_name: str) -> str:
    """Which scans replace each other: the tool, and the artifact's name without run numbers and dates."""
    return f"{tool}:{re.sub(r'[-_.]?[0-9]{2,}', '', artifact_name)}"


def save_scan(conn: sa.Connection, artifact: Artifact, scan: Scan) -> list[str]:
    """Save what a scan found; close what a newer scan of the same key no longer has, reopen what is back.

    A finding that a main branch has is decided on by scans of main branches alone: another branch may be old, or ahead.
    A scan that failed somewhere closes nothing, and no scan closes what is in a file that it did not read. A scan that
    is late, because a newer one of its key was read before, changes nothing that is known; what only it has is gone.

    Returns the ids that want fixing: open ones that are new, back, or now seen at another commit. Saving the same
    scan again changes nothing but `last_seen_at`, and returns what is still without an outcome.
    """
    now = time.time()
    before = _before(conn, [kept.id for kept in scan.findings])
    newer = _newer(conn, artifact)
    rows = [
        _late(_row(kept, artifact, before.get(kept.id), now), newer)
        for kept in scan.findings
        if _decides(artifact, kept.finding.tool, before.get(kept.id), newer)
    ]
    upsert(conn, findings, rows, update=_REFRESHED)
    if artifact.repository and scan.complete:
        for tool in sorted(_tools(conn, artifact, scan)):
            _close_missing(conn, artifact, scan_key(tool, artifact.name), now, scan.unread.get(tool, ()))
    return [row["id"] for row in rows if row["state"] in OPEN and _wants_fixing(row, before.get(row["id"]))]


def _decides(artifact: Artifact, tool: str, before: Any, newer: Mapping[str, int]) -> bool:
    """Whether this scan says where a finding stands: not what is known from a newer one, nor what a main branch has."""
    if before is None:
        return True
    if scan_key(tool, artifact.name) in newer:
        return False
    return before.branch not in _MAIN or (artifact.branch or "") in _MAIN


def _wants_fixing(row: dict[str, Any], before: Any) -> bool:
    return before is None or before.outcome == "pending" or before.commit_sha != row["commit_sha"]


def _before(conn: sa.Connection, ids: Sequence[str]) -> dict[str, Any]:
    """What is stored of these ids already."""
    found: dict[str, Any] = {}
    names = ("id", "state", "state_reason", "state_until", "suppressed_by", "outcome", "commit_sha", "branch")
    wanted = [findings.c[name] for name in names]
    for start in range(0, len(ids), CHUNK):
        query = sa.select(*wanted).where(findings.c.id.in_(ids[start : start + CHUNK]))
        found.update({row.id: row for row in conn.execute(query)})
    return found


def _newer(conn: sa.Connection, artifact: Artifact) -> dict[str, int]:
    """Scan key → the newest artifact of this branch that was read before this one, though it came after it."""
    if not artifact.repository:
        return {}  # scans of nothing in particular do not follow each other
    same = (artifacts.c.repository == artifact.repository, artifacts.c.branch == (artifact.branch or ""))
    query = (
        sa.select(artifacts.c.id, artifacts.c.name, reports.c.tool)
        .join(reports, reports.c.artifact_id == artifacts.c.id)
        .where(*same, artifacts.c.id > artifact.id, reports.c.state == "parsed")
        .order_by(artifacts.c.id)
    )
    return {scan_key(row.tool or _UNNAMED, row.name): row.id for row in conn.execute(query)}


def _late(row: dict[str, Any], newer: Mapping[str, int]) -> dict[str, Any]:
    """The row of a finding that only a late scan has: the newer scan did not have it any more."""
    since = newer.get(row["scan_key"])
    return row if since is None else row | state_values(FindingState.FIXED, f"gone in artifact {since}")


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
    if before and before.suppressed_by == PERSON and (before.state_until is None or before.state_until > now):
        return state_values(FindingState.SUPPRESSED, before.state_reason, before.state_until, PERSON)
    if finding.suppressed:
        return state_values(FindingState.SUPPRESSED, finding.suppressed, None, SCANNER)
    if before and before.state == FindingState.FIXED:
        return state_values(FindingState.REOPENED, f"back in artifact {artifact.id}")
    if before and before.state == FindingState.REOPENED:
        return state_values(FindingState.REOPENED, before.state_reason)
    return state_values(FindingState.OPEN)


def _tools(conn: sa.Connection, artifact: Artifact, scan: Scan) -> set[str]:
    """The scanners whose findings this scan is the newest word on; one that found nothing is among them."""
    tools = {kept.finding.tool for kept in scan.findings} | {file.tool for file in scan.files if file.tool} | scan.tools
    unnamed = {file.path for file in scan.files if file.tool == _UNNAMED}
    return (tools | _writers(conn, artifact, unnamed)) - {_UNNAMED}


def _writers(conn: sa.Connection, artifact: Artifact, paths: set[str]) -> set[str]:
    """Which scanners wrote these files in the scans before: `[]` is a clean scan of the one that always writes it."""
    if not paths:
        return set()
    earlier = (
        sa.select(artifacts.c.id, artifacts.c.name)
        .where(artifacts.c.repository == (artifact.repository or ""), artifacts.c.id < artifact.id)
        .order_by(artifacts.c.id.desc())
        .limit(_LOOKED_BACK)
    )
    name = scan_key("", artifact.name)
    same_scan = [row.id for row in conn.execute(earlier) if scan_key("", row.name) == name]
    query = (
        sa.select(reports.c.path, reports.c.tool)
        .where(reports.c.artifact_id.in_(same_scan), reports.c.path.in_(paths), reports.c.tool != _UNNAMED)
        .order_by(reports.c.artifact_id)
    )
    return set({row.path: row.tool for row in conn.execute(query)}.values())


def _close_missing(conn: sa.Connection, artifact: Artifact, key: str, now: float, unread: Collection[str]) -> None:
    """Close what the scans before had. What a person suppressed keeps that: it is hidden again should it come back."""
    gone = list(_missing(conn, artifact, key, now, unread))
    reason = f"gone in artifact {artifact.id}"
    for start in range(0, len(gone), CHUNK):
        chosen = findings.update().where(findings.c.id.in_(gone[start : start + CHUNK]))
        by_person = findings.c.suppressed_by == PERSON
        conn.execute(chosen.where(by_person).values(state=str(FindingState.FIXED)))
        not_by_person = sa.or_(findings.c.suppressed_by.is_(None), ~by_person)
        conn.execute(chosen.where(not_by_person).values(state_values(FindingState.FIXED, reason)))


def _missing(conn: sa.Connection, artifact: Artifact, key: str, now: float, unread: Collection[str]) -> Iterator[str]:
    same_scan = (
        findings.c.repository == artifact.repository,
        findings.c.branch == (artifact.branch or ""),
        findings.c.scan_key == key,
    )
    not_fixed = findings.c.state.in_((*OPEN, FindingState.SUPPRESSED))
    older = (not_fixed, findings.c.last_seen_at < now, findings.c.artifact_id < artifact.id)
    for row in conn.execute(sa.select(findings.c.id, findings.c.path).where(*same_scan, *older)):
        if row.path not in unread:
            yield row.id
