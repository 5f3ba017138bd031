"""What every worker does besides its work: heartbeats of its own, reaping, pruning, clock steps."""

from __future__ import annotations

import time
from typing import Any

from daemon import events
from daemon.settings import Settings
from daemon.store import processes, queue
from daemon.store.engine import Store

_PRUNE_SECONDS = 3600.0
_PRUNE_AT_ONCE = 1.0
_REPORT_SECONDS = 60.0
"""Between two heartbeats of a process that has nothing new to say: an idle one hardly writes."""
_CLOCK_STEP = 2.0
_DAY = 86_400.0


class Housekeeping:
    """Call `tick` often; it does what is due."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._retention = settings.queue.retention_days * _DAY
        self._every = settings.queue.heartbeat_seconds
        self._reaper = queue.Reaper(
            store, lease_seconds=settings.queue.lease_seconds, heartbeat_seconds=settings.queue.heartbeat_seconds
        )
        self._report: tuple[str, str, dict[str, Any]] | None = None
        self._reported = 0.0
        self._reaped = self._pruned = float("-inf")
        self._offset = float("inf")

    @property
    def reported(self) -> bool:
        """Whether this process has said anything yet."""
        return self._report is not None

    def report(self, role: str, state: str, **more: Any) -> None:
        """Say what this process does, now and with every later heartbeat."""
        self._report = (role, state, more)
        self._reported = float("-inf")
        self._write_report(role, state, more)

    def tick(self) -> None:
        """Do what is due.

        Raises:
            StoreUnavailable: it was not done, and is due still.
        """
        clock = time.monotonic()
        if clock - self._reaped >= self._every:
            self._reap()
            self._heed_clock()
            self._reaped = clock
        if self._report and clock - self._reported >= _REPORT_SECONDS:
            self._write_report(*self._report)
        if clock - self._pruned >= _PRUNE_SECONDS and self._prune():
            self._pruned = clock

    def _reap(self) -> None:
        for job in self._reaper.reap():
            events.emit("job.reaped", level="warning", job=job)

    def _heed_clock(self) -> None:
        """Notice that somebody set the clock back: the wall clock moved against the monotonic one."""
        offset = time.time() - time.monotonic()
        if offset < self._offset - _CLOCK_STEP:
            with self._store.begin() as connection:
                freed = queue.undo_clock_step(connection)
            if freed:
                events.emit("clock.set-back", level="warning", jobs=freed)
        self._offset = offset

    def _prune(self) -> bool:
        """Delete what is older than it is kept; whether that was all. This is called between two heartbeats of a job,
        so it goes on at the next call where there is much; in short transactions, for nobody to wait long for the lock.
        """
        began = time.monotonic()
        now = time.time()
        with self._store.begin() as connection:
            processes.forget_gone(connection, one_host=self._store.dialect == "sqlite", now=now)
        while time.monotonic() - began < _PRUNE_AT_ONCE:
            with self._store.read() as connection:
                old = queue.prunable(connection, now - self._retention)
            if not old:
                return True
            with self._store.begin() as connection:
                queue.prune(connection, now - self._retention, among=old)
        return False

    def _write_report(self, role: str, state: str, more: dict[str, Any]) -> None:
        with self._store.begin() as connection:
            processes.report(connection, role, state, heartbeat_seconds=_REPORT_SECONDS, **more)
        self._reported = time.monotonic()
