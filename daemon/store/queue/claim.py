"""Claiming jobs, and holding on to them. consumes ready rows → produces claimed `Job`s with a token."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Integer, bindparam, case, cast, func, literal_column, select, update

from daemon.domain.job import Job
from daemon.errors import LostClaim
from daemon.store.engine import Store, ring_on_commit
from daemon.store.prepared import Prepared, together
from daemon.store.queue.states import CLAIMED, NO_TOKEN, READY
from daemon.store.tables.queue import job_kinds, jobs

_KIND: Any = bindparam("kind_")
_LIMIT: Any = cast(bindparam("limit_"), Integer)
_claimed = jobs.alias("claimed")
_RUNNING = (
    select(func.count())
    .select_from(_claimed)
    .where(_claimed.c.state == CLAIMED, _claimed.c.kind == _KIND)
    .scalar_subquery()
)
_FREE = job_kinds.c.concurrency - _RUNNING
_ALLOWED = func.coalesce(
    select(
        case(
            (job_kinds.c.paused_at.is_not(None), 0),
            (job_kinds.c.concurrency.is_(None), _LIMIT),
            (_FREE <= 0, 0),
            (_FREE < _LIMIT, _FREE),
            else_=_LIMIT,
        )
    )
    .where(job_kinds.c.kind == _KIND)
    .scalar_subquery(),
    _LIMIT,
)
"""How many jobs of the kind may be claimed now: counted from the rows, so that no crash can leak a slot."""
_ready = jobs.alias("ready")
_PICKED = (
    select(_ready.c.id)
    .where(_ready.c.state == READY, _ready.c.kind == _KIND, _ready.c.run_at <= bindparam("now_"))
    .order_by(_ready.c.priority.desc(), _ready.c.run_at, _ready.c.id)
    .limit(_ALLOWED)
    .with_for_update(skip_locked=True)
    .cte("picked")
)
_CLAIM = Prepared(
    update(jobs)
    .where(jobs.c.id.in_(select(_PICKED.c.id)))
    .values(
        state=CLAIMED,
        token=bindparam("token_"),
        worker=bindparam("worker_"),
        attempt=jobs.c.attempt + 1,
        max_attempts=func.coalesce(jobs.c.max_attempts, bindparam("max_attempts_")),
        beat=jobs.c.beat + 1,
        claimed_at=bindparam("now_"),
        heartbeat_at=bindparam("now_"),
        progress=literal_column("NULL"),
        note=literal_column("NULL"),
    )
    .returning(
        jobs.c.id,
        jobs.c.kind,
        jobs.c.payload,
        jobs.c.attempt,
        jobs.c.max_attempts,
        jobs.c.priority,
        jobs.c.unique_key,
        jobs.c.run_at,
    )
)
# Two workers on PostgreSQL must not both count the same free slot.
_HOLD_KIND = Prepared(
    select(job_kinds.c.kind).where(job_kinds.c.kind == _KIND, job_kinds.c.concurrency.is_not(None)).with_for_update()
)
_MINE = (jobs.c.id == bindparam("id_")) & (jobs.c.token == bindparam("token_"))
_BEAT = update(jobs).where(_MINE).values(beat=jobs.c.beat + 1, heartbeat_at=bindparam("now_"))
_RENEW = Prepared(_BEAT)
_PROGRESS = _BEAT.values(progress=bindparam("progress_"), note=func.coalesce(bindparam("note_"), jobs.c.note))
_GIVE_BACK = (
    update(jobs)
    .where(jobs.c.state == CLAIMED, jobs.c.worker == bindparam("worker_"))
    .values(state=READY, token=NO_TOKEN, attempt=jobs.c.attempt - 1, released_at=bindparam("now_"))
    .returning(jobs.c.id, jobs.c.kind)
)
_STILL = select(jobs.c.id).where(_MINE)


def claim(
    store: Store,
    kinds: str | Iterable[str],
    worker: str,
    limit: int = 1,
    *,
    max_attempts: int = 5,
    now: float | None = None,
) -> list[Job]:
    """Claim up to `limit` ready jobs: greatest priority first, then the earliest.

    Paused kinds and kinds at their concurrency limit give none.

    Args:
        store: the database.
        kinds: served in this order.
        worker: `identity.own_identity()` of the process that will send the heartbeats.
        limit: at most so many.
        max_attempts: for jobs that were enqueued without their own.
        now: seconds since 1970; the clock's by default.

    Raises:
        StoreUnavailable: nothing was claimed, and no attempt was counted; or the server's word of the commit was lost
            on the way. `give_back` sets that right.
    """
    now = time.time() if now is None else now
    found: list[Job] = []
    with store.begin() as connection:
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            wanted = limit - len(found)
            if wanted > 0:
                found += _claim_kind(connection, kind, worker, wanted, max_attempts, now)
    return found


def give_back(connection: Connection, worker: str, *, now: float | None = None) -> list[int]:
    """Make every claim of a worker that holds none by its own knowledge ready again; no attempt is counted.

    After a `claim` of which it is not known whether it was committed: the worker lives, so nobody else would take the
    jobs before a lease has passed.
    """
    now = time.time() if now is None else now
    rows = connection.execute(_GIVE_BACK, {"worker_": worker, "now_": now}).all()
    for kind in {row.kind for row in rows}:
        ring_on_commit(connection, kind)
    return [row.id for row in rows]


def renew(connection: Connection, held: Sequence[Job], *, now: float | None = None) -> list[Job]:
    """Send one heartbeat for each of these claims; returns those that were lost, whose work must stop."""
    now = time.time() if now is None else now
    return [job for job in held if _RENEW(connection, {"id_": job.id, "token_": job.token, "now_": now}).rowcount != 1]


def progress(
    connection: Connection, job: Job, fraction: float, note: str | None = None, *, now: float | None = None
) -> None:
    """Record how far a claimed job is (0–1) and what it is doing. It counts as a heartbeat.

    Raises:
        LostClaim: the claim is not the job's any more.
    """
    values = {"progress_": min(1.0, max(0.0, fraction)), "note_": note, "now_": time.time() if now is None else now}
    if connection.execute(_PROGRESS, {"id_": job.id, "token_": job.token, **values}).rowcount != 1:
        raise lost(job)


def still_claimed(connection: Connection, job: Job) -> bool:
    """Whether this claim still stands."""
    return connection.execute(_STILL, {"id_": job.id, "token_": job.token}).first() is not None


def require(connection: Connection, job: Job) -> None:
    """Make sure that a claim stands.

    Raises:
        LostClaim: it does not.
    """
    if not still_claimed(connection, job):
        raise lost(job)


def lost(job: Job) -> LostClaim:
    """The error for a claim that no longer stands."""
    return LostClaim(
        f"job {job.id} ({job.kind}, attempt {job.attempt}) is no longer this worker's: it was cancelled, or its lease "
        "ran out and another worker has it. Nothing of this attempt was written"
    )


def _claim_kind(connection: Connection, kind: str, worker: str, limit: int, max_attempts: int, now: float) -> list[Job]:
    token = uuid.uuid4().hex
    values = {
        "kind_": kind,
        "limit_": limit,
        "token_": token,
        "worker_": worker,
        "max_attempts_": max_attempts,
        "now_": now,
    }
    with together(connection):
        if connection.dialect.name == "postgresql":
            _HOLD_KIND(connection, {"kind_": kind})
        claimed = _CLAIM(connection, values)
    rows = claimed.fetchall()
    if len(rows) > 1:
        # id, kind, payload, attempt, max_attempts, priority, unique_key, run_at
        rows.sort(key=lambda row: (-row[5], row[7], row[0]))
    return [_job(row, token) for row in rows]


def _job(row: Any, token: str) -> Job:
    id_, kind, payload, attempt, max_attempts, priority, unique_key, _ = row
    return Job(
        id=id_,
        kind=kind,
        payload=msgspec.json.decode(payload),
        attempt=attempt,
        max_attempts=max_attempts,
        token=token,
        priority=priority,
        unique_key=unique_key,
    )
