"""Looking at the queue. Everything here only reads."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, case, func, select

from daemon.domain.job import JobState
from daemon.store.queue.states import READY
from daemon.store.tables.queue import job_failures, job_kinds, job_needs, jobs

SOON = 600.0
"""Seconds: a retry due within these is worth waiting for."""

_PAUSED = select(job_kinds.c.kind).where(job_kinds.c.paused_at.is_not(None))


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt without a result."""

    attempt: int
    cause: str
    reason: str
    at: float
    worker: str | None = None


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """One job, as a person sees it. Times are seconds since 1970, UTC."""

    id: int
    kind: str
    state: JobState
    payload: Any
    priority: int
    run_at: float
    unique_key: str | None
    attempt: int
    max_attempts: int | None
    waiting: int
    postponed: int
    worker: str | None
    progress: float | None
    note: str | None
    result: Any
    cause: str | None
    reason: str | None
    created_at: float
    claimed_at: float | None
    heartbeat_at: float | None
    finished_at: float | None
    needs: tuple[int, ...] = ()
    """Unfinished jobs it waits for; filled by `show`."""
    failures: tuple[Failure, ...] = ()
    """Filled by `show`."""


_COLUMNS = [jobs.c[name] for name in JobView.__struct_fields__ if name not in {"needs", "failures"}]


def show(connection: Connection, job_id: int) -> JobView | None:
    """One job with its history; None where there is no such job."""
    row = connection.execute(select(*_COLUMNS).where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        return None
    needs = connection.execute(
        select(job_needs.c.needs_id).where(job_needs.c.job_id == job_id).order_by(job_needs.c.needs_id)
    ).scalars()
    failures = connection.execute(
        select(job_failures).where(job_failures.c.job_id == job_id).order_by(job_failures.c.id)
    ).all()
    history = tuple(
        Failure(attempt=each.attempt, cause=each.cause, reason=each.reason, at=each.at, worker=each.worker)
        for each in failures
    )
    return msgspec.structs.replace(_view(row), needs=tuple(needs), failures=history)


def jobs_list(
    connection: Connection,
    *,
    states: Collection[str] = (),
    kinds: Collection[str] = (),
    limit: int = 50,
    before_id: int | None = None,
) -> list[JobView]:
    """Jobs, the newest first; `before_id` continues below the last one shown."""
    query = select(*_COLUMNS).order_by(jobs.c.id.desc()).limit(limit)
    if states:
        query = query.where(jobs.c.state.in_(states))
    if kinds:
        query = query.where(jobs.c.kind.in_(kinds))
    if before_id is not None:
        query = query.where(jobs.c.id < before_id)
    return [_view(row) for row in connection.execute(query)]


def counts(connection: Connection) -> dict[str, dict[str, int]]:
    """Kind → state → how many jobs."""
    found: dict[str, dict[str, int]] = {}
    query = select(jobs.c.kind, jobs.c.state, func.count()).group_by(jobs.c.kind, jobs.c.state)
    for kind, state, number in connection.execute(query):
        found.setdefault(kind, {})[state] = number
    return found


def next_due(connection: Connection, kinds: Sequence[str], *, now: float | None = None) -> float | None:
    """Seconds until the earliest ready job of an unpaused kind may be claimed; 0 for now, None where there is none."""
    now = time.time() if now is None else now
    earliest = connection.execute(
        select(func.min(jobs.c.run_at)).where(
            jobs.c.state == READY, jobs.c.kind.in_(kinds), jobs.c.kind.not_in(_PAUSED)
        )
    ).scalar()
    return None if earliest is None else max(0.0, earliest - now)


def runnable(connection: Connection, kinds: Collection[str], *, now: float | None = None) -> int:
    """How many jobs of these kinds run, or will soon without anybody's help: what `run --until-idle` waits for.

    Not: paused kinds, jobs postponed because something is unavailable, jobs of a later date. Blocked jobs do
    not count: what they wait for does, and when none of that runs, they never will by themselves.
    """
    now = time.time() if now is None else now
    ready = (
        (jobs.c.state == "ready")
        & func.coalesce(jobs.c.cause != "unavailable", True)
        & jobs.c.kind.not_in(_PAUSED)
        & (jobs.c.run_at <= case((jobs.c.cause.is_not(None), now + SOON), else_=now))
    )
    query = select(func.count()).where(jobs.c.kind.in_(kinds), ready | (jobs.c.state == "claimed"))
    return int(connection.execute(query).scalar_one())


def _view(row: Any) -> JobView:
    values = dict(row._mapping)
    values["state"] = JobState(values["state"])
    values["payload"] = msgspec.json.decode(values["payload"])
    values["result"] = None if values["result"] is None else msgspec.json.decode(values["result"])
    return JobView(**values)
