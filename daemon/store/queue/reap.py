"""Takes claims away from workers that are gone. consumes claimed rows → produces ready or dead ones.

No clock in the database decides. A worker that is surely gone (its process ended, or its machine was
rebooted) loses its claims at once. Any other loses a claim when *this* observer has seen no heartbeat
on it for a whole lease, by this machine's monotonic clock, which no one can set and which stands still
while the machine sleeps. Then it gets one heartbeat more of grace after the observer's own first
successful write: when another program held the write lock, the worker could not have renewed either.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row, case, func, select, update

from daemon.domain.job import NewJob
from daemon.store.engine import Store, ring_on_commit
from daemon.store.identity import describe, surely_gone
from daemon.store.queue.settle import Cause, record_failure, run_again
from daemon.store.queue.states import CLAIMED
from daemon.store.tables.queue import jobs

_HELD = select(jobs.c.id, jobs.c.token, jobs.c.beat, jobs.c.worker).where(jobs.c.state == CLAIMED)


@dataclasses.dataclass(slots=True)
class _Sight:
    """What one observer last saw of one claim."""

    beat: int
    since: float
    grace_from: float | None = None


class Reaper:
    """One observer; each worker process has one. It remembers what it saw between two calls of `reap`."""

    def __init__(
        self,
        store: Store,
        *,
        lease_seconds: float,
        heartbeat_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._lease = lease_seconds
        self._grace = heartbeat_seconds
        self._clock = clock
        self._seen: dict[tuple[int, str], _Sight] = {}

    def reap(self, *, now: float | None = None) -> list[int]:
        """Look at every claim; returns the jobs that were taken from lost workers.

        Raises:
            StoreUnavailable: nothing was changed.
        """
        with self._store.read() as connection:
            held = connection.execute(_HELD).all()
        overdue = self._overdue(held)
        gone = [row for row in held if surely_gone(row.worker, one_host=self._store.dialect == "sqlite")]
        if not overdue and not gone:
            return []
        now = time.time() if now is None else now
        with self._store.begin() as connection:
            expired = [row for row in overdue if self._grace_over(row)]
            lost = sorted({*gone, *expired}, key=lambda row: row.id)
            return [row.id for row in lost if _take(connection, row, now, self._lease)]

    def _overdue(self, held: Any) -> list[Row[Any]]:
        """Claims without a new heartbeat for a whole lease; forgets the claims that ended."""
        clock = self._clock()
        sights = {}
        overdue = []
        for row in held:
            key = (row.id, row.token)
            sight = self._seen.get(key)
            if sight is None or sight.beat != row.beat:
                sight = _Sight(row.beat, clock)
            sights[key] = sight
            if clock - sight.since >= self._lease:
                overdue.append(row)
        self._seen = sights
        return overdue

    def _grace_over(self, row: Row[Any]) -> bool:
        """Called with the write lock held: from the first such moment the worker could renew again."""
        sight = self._seen[row.id, row.token]
        if sight.grace_from is None:
            sight.grace_from = self._clock()
        return self._clock() - sight.grace_from >= self._grace


def _take(connection: Connection, row: Row[Any], now: float, lease: float) -> bool:
    """Fenced by token and heartbeat: a worker that renewed in the meantime keeps its claim."""
    last = jobs.c.attempt >= func.coalesce(jobs.c.max_attempts, 1)
    reason = f"the worker ({describe(row.worker)}) ended, or sent no heartbeat for {lease:g} s"
    taken = connection.execute(
        update(jobs)
        .where(jobs.c.id == row.id, jobs.c.token == row.token, jobs.c.beat == row.beat)
        .values(
            state=case((last, "dead"), else_="ready"),
            finished_at=case((last, now), else_=None),
            token=None,
            run_at=0.0,
            released_at=now,
            cause=Cause.WORKER_LOST.value,
            reason=reason,
        )
        .returning(jobs.c.kind, jobs.c.state, jobs.c.attempt, jobs.c.again, jobs.c.unique_key, jobs.c.priority)
    ).one_or_none()
    if taken is None:
        return False
    record_failure(connection, row.id, taken.attempt, row.worker, Cause.WORKER_LOST, reason, now)
    if taken.state == "ready":
        ring_on_commit(connection, taken.kind)
    elif taken.again is not None:
        twin = NewJob(kind=taken.kind, unique_key=taken.unique_key, priority=taken.priority)
        run_again(connection, row.id, twin, taken.again)
    return True
