"""What `secaid status` tells of the queue and its processes, and what of it needs a person. One snapshot."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import msgspec
from sqlalchemy import ColumnElement, Connection, func, select

from daemon.store import cursors, processes
from daemon.store.engine import Store, scalar
from daemon.store.processes import ProcessView
from daemon.store.queue import counts
from daemon.store.sqlite import sqlite_risk
from daemon.store.tables.queue import job_kinds, job_needs, jobs

_OLD_SECONDS = 3600.0
"""A job that could have run for so long, and did not, needs somebody to look."""
_LONG_LOG = 128 * 2**20
_LITTLE_DISK = 2 * 2**30


class Dead(msgspec.Struct, frozen=True, kw_only=True):
    """Dead jobs of one kind and cause, with the newest one's reason."""

    kind: str
    cause: str
    jobs: int
    newest: int
    reason: str


class Paused(msgspec.Struct, frozen=True, kw_only=True):
    """A kind that is paused."""

    kind: str
    since: float
    reason: str


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes. On PostgreSQL only `database`."""

    database: int
    log: int = 0
    """SQLite's write-ahead log."""
    free: int | None = None
    """Left on the disk."""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The queue and its processes now. Times are seconds since 1970, UTC."""

    at: float
    jobs: dict[str, dict[str, int]]
    """Kind → state → how many."""
    oldest_ready: dict[str, float]
    """Kind → for how many seconds its oldest job that may run has been waiting."""
    postponed: int
    """Ready jobs that wait because something they need is unavailable."""
    dead: tuple[Dead, ...]
    stuck: tuple[int, ...]
    """Blocked jobs that need a dead or cancelled one."""
    paused: tuple[Paused, ...]
    processes: tuple[ProcessView, ...]
    size: Size
    database_risk: str | None
    """What is known to be wrong with this SQLite: told always, and no reason to call somebody, because the one process
    that checkpoints keeps clear of it."""
    attention: tuple[str, ...]
    """What needs a person, worst first; each says what to do."""


def overview(store: Store, *, now: float | None = None) -> Overview:
    """Look at everything at once.

    Raises:
        StoreUnavailable: the database cannot be read.
    """
    now = time.time() if now is None else now
    with store.read() as connection:
        found = Overview(
            at=now,
            jobs=counts(connection),
            oldest_ready=_oldest_ready(connection, now),
            postponed=_postponed(connection),
            dead=_dead(connection),
            stuck=_stuck(connection),
            paused=_paused(connection),
            processes=tuple(processes.everyone(connection, one_host=store.path is not None, now=now)),
            size=_size(store, connection),
            database_risk=sqlite_risk() if store.path is not None else None,
            attention=tuple(cursors.attention(connection, now)),
        )
    return msgspec.structs.replace(found, attention=_attention(found))


def _oldest_ready(connection: Connection, now: float) -> dict[str, float]:
    paused = select(job_kinds.c.kind).where(job_kinds.c.paused_at.is_not(None))
    latest = func.greatest if connection.dialect.name == "postgresql" else func.max
    since: ColumnElement[float] = latest(jobs.c.created_at, jobs.c.run_at, func.coalesce(jobs.c.released_at, 0.0))
    rows = connection.execute(
        select(jobs.c.kind, func.min(since))
        .where(jobs.c.state == "ready", jobs.c.run_at <= now, jobs.c.kind.not_in(paused))
        .group_by(jobs.c.kind)
    )
    return {kind: max(0.0, now - oldest) for kind, oldest in rows}


def _postponed(connection: Connection) -> int:
    query = select(func.count()).where(jobs.c.state == "ready", jobs.c.cause == "unavailable")
    return int(connection.execute(query).scalar_one())


def _dead(connection: Connection) -> tuple[Dead, ...]:
    newest = (
        select(jobs.c.kind, jobs.c.cause, func.count().label("jobs"), func.max(jobs.c.id).label("newest"))
        .where(jobs.c.state == "dead")
        .group_by(jobs.c.kind, jobs.c.cause)
        .subquery()
    )
    rows = connection.execute(
        select(newest, jobs.c.reason).join(jobs, jobs.c.id == newest.c.newest).order_by(newest.c.jobs.desc())
    )
    return tuple(
        Dead(kind=kind, cause=cause or "?", jobs=number, newest=id_, reason=(reason or "").strip())
        for kind, cause, number, id_, reason in rows
    )


def _stuck(connection: Connection) -> tuple[int, ...]:
    needed = jobs.alias("needed")
    rows = connection.execute(
        select(job_needs.c.job_id)
        .distinct()
        .join(needed, needed.c.id == job_needs.c.needs_id)
        .join(jobs, jobs.c.id == job_needs.c.job_id)
        .where(needed.c.state.in_(["dead", "cancelled"]), jobs.c.state == "blocked")
        .order_by(job_needs.c.job_id)
    )
    return tuple(rows.scalars())


def _paused(connection: Connection) -> tuple[Paused, ...]:
    rows = connection.execute(
        select(job_kinds.c.kind, job_kinds.c.paused_at, job_kinds.c.pause_reason)
        .where(job_kinds.c.paused_at.is_not(None))
        .order_by(job_kinds.c.kind)
    )
    return tuple(Paused(kind=kind, since=since, reason=reason or "") for kind, since, reason in rows)


def _size(store: Store, connection: Connection) -> Size:
    if store.path is None:
        return Size(database=int(scalar(connection, "SELECT pg_database_size(current_database())")))
    log = Path(f"{store.path}-wal")
    return Size(
        database=store.path.stat().st_size,
        log=log.stat().st_size if log.exists() else 0,
        free=shutil.disk_usage(store.path.parent).free,
    )


def _attention(found: Overview) -> tuple[str, ...]:
    return (*_about_disk(found), *_about_processes(found), *_about_jobs(found), *_about_pauses(found), *found.attention)


def _about_disk(found: Overview) -> list[str]:
    said = []
    if found.size.free is not None and found.size.free < _LITTLE_DISK:
        said.append(f"only {found.size.free // 2**20} MiB of disk are free: secaid stops writing when it is full")
    if found.size.log > _LONG_LOG:
        grown = found.size.log // 2**20
        said.append(f"the write-ahead log has grown to {grown} MiB: end the program that keeps the database open")
    return said


def _about_processes(found: Overview) -> list[str]:
    said = []
    for process in found.processes:
        name = f"the {process.kind or process.role} {process.role if process.kind else 'process'} {process.pid}"
        if process.alive is False:
            said.append(f"{name} ended without signing off: see `secaid logs`")
        elif process.stale:
            silent = found.at - process.heartbeat_at
            said.append(f"{name} on {process.host} has sent no heartbeat for {silent:.0f} s: is that machine asleep?")
        elif process.state == "broken":
            said.append(f"{name} cannot start its child: {_last_line(process.note or '')}")
    return said


def _about_jobs(found: Overview) -> list[str]:
    said = [
        f"{group.jobs} {group.kind} job(s) are dead ({group.cause}): {_last_line(group.reason)} — "
        f"`secaid jobs show {group.newest}`, `secaid jobs retry {group.newest}`"
        for group in found.dead
    ]
    if found.stuck:
        said.append(
            f"{len(found.stuck)} job(s) wait for a dead or cancelled one (`secaid jobs show {found.stuck[0]}`): "
            "retry that one, or cancel what waits for it"
        )
    if found.postponed:
        said.append(f"{found.postponed} job(s) wait for something that is not available here: `secaid doctor`")
    served = {process.kind for process in found.processes if process.alive}
    # On battery, or outside of their hours: as the user wished, and their process says so.
    waiting = {process.kind for process in found.processes if process.alive and process.state == "waiting"}
    for kind, seconds in found.oldest_ready.items():
        if kind not in served:
            said.append(f"{kind} jobs are ready and no worker serves them: `secaid run` or `secaid service start`")
        elif seconds > _OLD_SECONDS and kind not in waiting:
            said.append(f"the oldest {kind} job has been ready for {seconds / 3600:.1f} h")
    return said


def _about_pauses(found: Overview) -> list[str]:
    return [f"{each.kind} is paused ({each.reason}): `secaid jobs resume {each.kind}`" for each in found.paused]


def _last_line(text: str) -> str:
    lines = text.splitlines()
    return lines[-1][:200] if lines else "no reason was recorded"
