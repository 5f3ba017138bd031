"""Candidate fixes with their verdicts."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from daemon.domain.fix import Fix
from daemon.store.tables.results import findings, fixes
from daemon.store.upsert import upsert

_CHUNK = 500
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Fix).decode


class StoredFix(msgspec.Struct, frozen=True, kw_only=True):
    """A fix with its place in the store."""

    id: str
    finding_id: str
    state: str
    """`proposed`, `applied` or `rejected`."""
    state_reason: str | None
    fix: Fix


def fix_id(finding_id: str, fix: Fix) -> str:
    """The same edits by the same approach for the same finding are the same fix."""
    edits = msgspec.json.encode((finding_id, fix.candidate.approach, fix.candidate.edits))
    return hashlib.sha256(edits).hexdigest()[:32]


def save(conn: sa.Connection, finding_id: str, made: Sequence[Fix]) -> list[str]:
    """Save the fixes of one finding in place of earlier proposals; what a person decided on stays."""
    ids = [fix_id(finding_id, fix) for fix in made]
    stale = (fixes.c.finding_id == finding_id, fixes.c.state == "proposed", fixes.c.id.not_in(ids))
    conn.execute(fixes.delete().where(*stale))
    rows = {one: _row(one, finding_id, fix) for one, fix in zip(ids, made, strict=True)}
    upsert(conn, fixes, list(rows.values()), update=("level", "grade", "verified", "score", "data"))
    return ids


def _row(one: str, finding_id: str, fix: Fix) -> dict[str, Any]:
    return {
        "id": one,
        "finding_id": finding_id,
        "approach": fix.candidate.approach,
        "source": str(fix.candidate.source),
        "level": int(fix.verdict.level),
        "grade": str(fix.verdict.grade),
        "verified": fix.verdict.verified,
        "score": fix.verdict.score,
        "created_at": time.time(),
        "data": _encode(fix),
    }


def of_findings(conn: sa.Connection, finding_ids: Sequence[str]) -> dict[str, list[StoredFix]]:
    """Fixes by finding id, best first."""
    found: dict[str, list[StoredFix]] = {}
    for start in range(0, len(finding_ids), _CHUNK):
        query = sa.select(fixes).where(fixes.c.finding_id.in_(finding_ids[start : start + _CHUNK]))
        for row in conn.execute(_best_first(query)):
            found.setdefault(row.finding_id, []).append(_stored(row))
    return found


def listing(
    conn: sa.Connection, *, verified: bool | None = None, tool: str | None = None, limit: int = 100
) -> list[StoredFix]:
    """Fixes, best first."""
    query = _best_first(sa.select(fixes)).limit(limit)
    if verified is not None:
        query = query.where(fixes.c.verified.is_(verified))
    if tool is not None:
        query = query.join(findings, findings.c.id == fixes.c.finding_id).where(findings.c.tool == tool)
    return [_stored(row) for row in conn.execute(query)]


def matching(conn: sa.Connection, prefix: str) -> list[StoredFix]:
    """Fixes whose id begins with `prefix`, at most two."""
    query = sa.select(fixes).where(fixes.c.id.startswith(prefix, autoescape=True)).limit(2)
    return [_stored(row) for row in conn.execute(query)]


def decide(conn: sa.Connection, one: str, state: str, reason: str | None) -> bool:
    """Record a person's decision; False where there is no such fix."""
    changed = conn.execute(fixes.update().where(fixes.c.id == one).values(state=state, state_reason=reason))
    return changed.rowcount == 1


def _best_first(query: sa.Select[Any]) -> sa.Select[Any]:
    return query.order_by(fixes.c.verified.desc(), fixes.c.level.desc(), fixes.c.score.desc(), fixes.c.id)


def _stored(row: Any) -> StoredFix:
    return StoredFix(
        id=row.id,
        finding_id=row.finding_id,
        state=row.state,
        state_reason=row.state_reason,
        fix=_decode(row.data),
    )
