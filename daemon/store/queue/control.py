"""What a person, or the janitor, does to the queue: cancel, requeue, pause, limit, prune."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection, case, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from daemon.domain.job import JobState, NewJob
from daemon.store.engine import ring_on_commit
from daemon.store.queue.settle import run_again
from daemon.store.tables.queue import job_failures, job_kinds, job_needs, jobs
from daemon.store.upsert import insert_into

_UNFINISHED = jobs.c.state.in_([JobState.BLOCKED, JobState.READY, JobState.CLAIMED])
_CLOCK_SLACK = 1.0
"""Seconds by which two readings of a clock that nobody set may disagree."""


def cancel(
    connection: Connection, job_id: int, *, reason: str = "cancelled by hand", now: float | None = None
) -> JobState | None:
    """End an unfinished job without a result; returns the state it was in, or None where there was nothing to end.

    A running job loses its token at once, so nothing of it can be written any more; its worker learns that
    with its next heartbeat and stops the child.
    """
    now = time.time() if now is None else now
    before = connection.execute(
        select(jobs.c.state, jobs.c.kind, jobs.c.priority, jobs.c.unique_key, jobs.c.again)
        .where(jobs.c.id == job_id, _UNFINISHED)
        .with_for_update()
    ).one_or_none()
    if before is None:
        return None
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id)
        .values(state="cancelled", token=None, finished_at=now, cause="cancelled", reason=reason)
    )
    if before.again is not None:
        twin = NewJob(kind=before.kind, unique_key=before.unique_key, priority=before.priority)
        run_again(connection, job_id, twin, before.again)
    return JobState(before.state)


def requeue(connection: Connection, job_id: int) -> bool:
    """Give a dead or cancelled job all its attempts again; False where it is neither, or where an unfinished job
    has its unique key and so stands for it.
    """
    try:
        with connection.begin_nested():
            row = connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state.in_([JobState.DEAD, JobState.CANCELLED]))
                .values(
                    state=case((jobs.c.waiting > 0, "blocked"), else_="ready"),
                    attempt=0,
                    postponed=0,
                    run_at=0.0,
                    finished_at=None,
                    progress=None,
                    note=None,
                )
                .returning(jobs.c.kind)
            ).one_or_none()
    except IntegrityError:
        return False
    if row is not None:
        ring_on_commit(connection, row.kind)
    return row is not None


def pause(connection: Connection, kind: str, *, reason: str = "paused by hand", now: float | None = None) -> None:
    """Let no job of the kind be claimed until `resume`; running ones go on. It outlives every process."""
    _set_kind(connection, kind, paused_at=time.time() if now is None else now, pause_reason=reason)


def resume(connection: Connection, kind: str) -> None:
    """Let jobs of the kind be claimed again."""
    _set_kind(connection, kind, paused_at=None, pause_reason=None)
    ring_on_commit(connection, kind)


def set_concurrency(connection: Connection, kind: str, most: int | None) -> None:
    """At most so many jobs of the kind run at once, over all workers and machines; None: no limit."""
    _set_kind(connection, kind, concurrency=most)
    ring_on_commit(connection, kind)


def undo_clock_step(connection: Connection, *, now: float | None = None) -> int:
    """Free jobs that a clock set back would hold: those put back at a moment that has not come yet."""
    now = time.time() if now is None else now
    rows = connection.execute(
        update(jobs)
        .where(jobs.c.state == "ready", jobs.c.released_at > now + _CLOCK_SLACK, jobs.c.run_at > now)
        .values(run_at=0.0, released_at=now)
        .returning(jobs.c.kind)
    ).all()
    for kind in {row.kind for row in rows}:
        ring_on_commit(connection, kind)
    return len(rows)


def prunable(
    connection: Connection, before: float, *, among: Sequence[int] | None = None, limit: int = 500
) -> list[int]:
    """Up to `limit` jobs that ended before that moment and may be deleted: the oldest of all, or those `among` some.

    The newest row always stays, so that SQLite never gives a job's id out twice; so does a dead or cancelled
    job that others still wait for.
    """
    old = select(jobs.c.id).where(
        jobs.c.state.in_([JobState.DONE, JobState.CANCELLED, JobState.DEAD]),
        jobs.c.finished_at < before,
        jobs.c.id.not_in(select(job_needs.c.needs_id)),
        jobs.c.id != select(func.max(jobs.c.id)).scalar_subquery(),
    )
    if among is not None:
        old = old.where(jobs.c.id.in_(among))
    return list(connection.execute(old.order_by(jobs.c.id).limit(limit)).scalars())


def prune(connection: Connection, before: float, *, among: Sequence[int] | None = None, limit: int = 500) -> int:
    """Delete `prunable` jobs; returns how many.

    Looking for them goes through all jobs where there are few: look first, holding no lock, and give what was found
    as `among`.
    """
    ids = prunable(connection, before, among=among, limit=limit)
    if ids:
        connection.execute(delete(job_failures).where(job_failures.c.job_id.in_(ids)))
        connection.execute(delete(job_needs).where(job_needs.c.job_id.in_(ids)))
        connection.execute(delete(jobs).where(jobs.c.id.in_(ids)))
    return len(ids)


def _set_kind(connection: Connection, kind: str, **values: object) -> None:
    statement = insert_into(job_kinds, connection.dialect.name).values(kind=kind, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[job_kinds.c.kind], set_=values))
