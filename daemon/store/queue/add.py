"""Adding jobs. consumes `NewJob`s → produces rows in `jobs`, inside the caller's transaction."""

from __future__ import annotations

import functools
import itertools
import operator
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select, update

from daemon.domain.job import NewJob
from daemon.store.engine import ring_on_commit
from daemon.store.prepared import Prepared, together
from daemon.store.queue.states import WHILE_LIVE
from daemon.store.tables.queue import job_needs, jobs
from daemon.store.upsert import insert_into

_COLUMNS = (
    "kind",
    "state",
    "payload",
    "priority",
    "run_at",
    "unique_key",
    "coalesce",
    "waiting",
    "max_attempts",
    "created_at",
)
_ROW: dict[str, Any] = {name: bindparam(name) for name in _COLUMNS}
_INSERT = insert(jobs).returning(jobs.c.id, sort_by_parameter_order=True)
_LIVE_TWIN = select(jobs.c.id, jobs.c.state).where(jobs.c.unique_key == bindparam("key"), WHILE_LIVE)
_TAKE_PAYLOAD = (
    update(jobs)
    .where(jobs.c.id == bindparam("twin"), jobs.c.state.in_(["blocked", "ready"]))
    .values(payload=bindparam("new_payload"))
    .returning(jobs.c.id)
)
_RUN_AGAIN = (
    update(jobs)
    .where(jobs.c.id == bindparam("twin"), jobs.c.state == "claimed")
    .values(again=bindparam("new_payload"))
    .returning(jobs.c.id)
)
_NEEDS = (
    select(jobs.c.id, jobs.c.state).where(jobs.c.id.in_(bindparam("ids", expanding=True))).order_by(jobs.c.id)
).with_for_update()
_MARK_NEEDED = update(jobs).where(jobs.c.id.in_(bindparam("ids", expanding=True))).values(needed=True)


class Enqueued(NamedTuple):
    """What became of a wish."""

    id: int
    """Of the new job, or of the unfinished one that already has its unique key."""
    created: bool


def enqueue(connection: Connection, new: NewJob, *, now: float | None = None) -> Enqueued:
    """Add a job, or find the unfinished one that holds its unique key. Rings the kind's doorbell at commit.

    Raises:
        ValueError: the job coalesces and waits for others; a twin, which may run already, would not wait for them.
    """
    if new.coalesce and new.after:
        message = "a job that coalesces with a twin cannot wait for others too: the twin would not"
        raise ValueError(message)
    needs = _unfinished(connection, new.after) if new.after else []
    row = _row(new, len(needs), time.time() if now is None else now)
    while True:
        added = _insert(connection, row)
        if added is not None:
            break
        twin = _twin(connection, new, row["payload"])
        if twin is not None:
            return Enqueued(twin, created=False)
        # The twin finished between the two statements: there is room now.
    if needs:
        _link(connection, added, needs)
    else:
        ring_on_commit(connection, new.kind)
    return Enqueued(added, True)


def enqueue_many(connection: Connection, new: Sequence[NewJob], *, now: float | None = None) -> list[Enqueued]:
    """Add many jobs at once, in order; plain ones (no unique key, no needs) in one statement."""
    now = time.time() if now is None else now
    if any(job.unique_key is not None or job.after for job in new):
        return [enqueue(connection, job, now=now) for job in new]
    if not new:
        return []
    for kind in {job.kind for job in new}:
        ring_on_commit(connection, kind)
    return [Enqueued(id_, True) for id_ in _insert_plain(connection, new, now)]


def _row(new: NewJob, waiting: int, now: float) -> dict[str, Any]:
    return {
        "kind": new.kind,
        "state": "blocked" if waiting else "ready",
        "payload": msgspec.json.encode(new.payload).decode(),
        "priority": new.priority,
        "run_at": new.run_at.timestamp() if new.run_at else 0.0,
        "unique_key": new.unique_key,
        "coalesce": new.coalesce,
        "waiting": waiting,
        "max_attempts": new.max_attempts,
        "created_at": now,
    }


def _insert(connection: Connection, row: dict[str, Any]) -> int | None:
    """The new row's id; None where an unfinished job has its key."""
    dialect = connection.dialect.name
    statement = _insert_one(dialect) if row["unique_key"] is None else _insert_unique(dialect)
    if dialect == "sqlite":
        # A tenth of the whole insertion's time less than RETURNING.
        cursor = statement(connection, row)
        return int(cursor.lastrowid) if cursor.rowcount else None
    with together(connection):
        cursor = statement(connection, row)
    added = cursor.fetchone()
    return None if added is None else int(added[0])


def _insert_plain(connection: Connection, new: Sequence[NewJob], now: float) -> Sequence[int]:
    """The new rows' ids, in order."""
    if connection.dialect.name != "sqlite":
        return list(connection.execute(_INSERT, [_row(job, 0, now) for job in new]).scalars())
    for _, alike in itertools.groupby(new, key=_ALIKE):
        same = list(alike)
        payloads = msgspec.json.encode([job.payload for job in same]).decode()
        _INSERT_ALIKE(connection, {**_row(same[0], 0, now), "payloads": payloads})
    # SQLite counts up from the greatest row id, and this transaction is the only one that writes.
    newest = _NEWEST(connection, {}).fetchone()[0]
    return range(newest - len(new) + 1, newest + 1)


@functools.cache
def _insert_one(dialect: str) -> Prepared:
    return _with_id(insert_into(jobs, dialect).values(**_ROW), dialect)


@functools.cache
def _insert_unique(dialect: str) -> Prepared:
    statement = insert_into(jobs, dialect).values(**_ROW)
    unless_live = statement.on_conflict_do_nothing(index_elements=[jobs.c.unique_key], index_where=WHILE_LIVE)
    return _with_id(unless_live, dialect)


def _with_id(statement: Any, dialect: str) -> Prepared:
    return Prepared(statement if dialect == "sqlite" else statement.returning(jobs.c.id))


_SHARED = [name for name in _COLUMNS if name != "payload"]
_ALIKE = operator.attrgetter(*(name for name in NewJob.__struct_fields__ if name != "payload"))
_each = func.json_each(bindparam("payloads")).table_valued("key", "value")
# One statement for any number of rows that differ in their payload: twice as fast as one after the other.
_INSERT_ALIKE = Prepared(
    insert(jobs).from_select(
        ["payload", *_SHARED],
        select(_each.c.value, *(_ROW[name] for name in _SHARED)).order_by(_each.c.key),
    )
)
_NEWEST = Prepared(select(func.last_insert_rowid()))


def _twin(connection: Connection, new: NewJob, payload: str) -> int | None:
    """The unfinished job with the same key, told of the new payload if it coalesces; None when it just finished."""
    twin = connection.execute(_LIVE_TWIN, {"key": new.unique_key}).one_or_none()
    if twin is None or not new.coalesce:
        return twin.id if twin else None
    statement = _RUN_AGAIN if twin.state == "claimed" else _TAKE_PAYLOAD
    return connection.execute(statement, {"twin": twin.id, "new_payload": payload}).scalar()


def _unfinished(connection: Connection, after: Iterable[int]) -> list[int]:
    """Which of these jobs are not done, locked so that none finishes before it is told who waits.

    A job that is not there any more was pruned, long after it was done.
    """
    rows = connection.execute(_NEEDS, {"ids": sorted(set(after))}).all()
    return [row.id for row in rows if row.state != "done"]


def _link(connection: Connection, job: int, needs: list[int]) -> None:
    connection.execute(insert(job_needs), [{"job_id": job, "needs_id": need} for need in needs])
    connection.execute(_MARK_NEEDED, {"ids": needs})
