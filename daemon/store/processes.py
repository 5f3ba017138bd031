"""The processes that serve the queue: who they are, what they do, when they were last heard of."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select, update

from daemon.store.identity import own_identity, surely_gone
from daemon.store.tables.queue import processes
from daemon.store.upsert import insert_into

_STALE_BEATS = 3.0
"""Heartbeats that may be missed before a process counts as stale."""
_SILENT_SECONDS = 60.0
_FORGOTTEN_SECONDS = 7 * 86_400.0


class ProcessView(msgspec.Struct, frozen=True, kw_only=True):
    """One process. Times are seconds since 1970, UTC."""

    id: str
    role: str
    kind: str
    host: str
    pid: int
    state: str
    note: str | None
    started_at: float
    heartbeat_at: float
    heartbeat_seconds: float
    alive: bool | None = None
    """None where it cannot be known from this machine."""
    stale: bool = False
    """It is gone without having said so, or it has missed its heartbeats."""


def report(
    connection: Connection,
    role: str,
    state: str,
    *,
    kind: str = "",
    note: str | None = None,
    heartbeat_seconds: float,
    now: float | None = None,
) -> None:
    """Say what this process does now: its first report registers it, and every report is a heartbeat."""
    now = time.time() if now is None else now
    identity = own_identity()
    host, _, _, pid, _ = identity.rsplit("/", 4)
    changing: dict[str, Any] = {
        "role": role,
        "kind": kind,
        "state": state,
        "note": note,
        "heartbeat_at": now,
        "heartbeat_seconds": heartbeat_seconds,
    }
    statement = insert_into(processes, connection.dialect.name).values(
        id=identity, host=host, pid=int(pid), started_at=now, **changing
    )
    connection.execute(statement.on_conflict_do_update(index_elements=[processes.c.id], set_=changing))


def sign_off(connection: Connection) -> None:
    """Tell that this process ends as it should: nobody will miss it."""
    connection.execute(delete(processes).where(processes.c.id == own_identity()))


def everyone(connection: Connection, *, one_host: bool, now: float | None = None) -> list[ProcessView]:
    """All registered processes, by role and kind.

    Args:
        connection: an open transaction.
        one_host: the database is a local file; see `identity.surely_gone`.
        now: seconds since 1970; the clock's by default.
    """
    now = time.time() if now is None else now
    rows = connection.execute(select(processes).order_by(processes.c.role, processes.c.kind, processes.c.id)).all()
    return [_view(row, one_host, now) for row in rows]


def forget_gone(connection: Connection, *, one_host: bool, now: float | None = None) -> int:
    """Delete the rows of processes that are surely gone, and of those of which nobody has heard for a week: a machine
    that was set up anew never says goodbye. One that still lives registers again with its next report.
    """
    now = time.time() if now is None else now
    rows = connection.execute(
        select(processes.c.id, processes.c.heartbeat_at).where(processes.c.heartbeat_at < now - _SILENT_SECONDS)
    ).all()
    gone = [id_ for id_, heard in rows if heard < now - _FORGOTTEN_SECONDS or surely_gone(id_, one_host=one_host)]
    if gone:
        connection.execute(delete(processes).where(processes.c.id.in_(gone)))
    return len(gone)


def touch(connection: Connection, *, now: float | None = None) -> None:
    """One heartbeat of this process."""
    now = time.time() if now is None else now
    connection.execute(update(processes).where(processes.c.id == own_identity()).values(heartbeat_at=now))


def _view(row: Any, one_host: bool, now: float) -> ProcessView:
    gone = surely_gone(row.id, one_host=one_host)
    silent = now - row.heartbeat_at > _STALE_BEATS * row.heartbeat_seconds
    return ProcessView(**row._mapping, alive=False if gone else None if silent else True, stale=gone or silent)
