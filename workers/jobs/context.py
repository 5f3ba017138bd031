"""What a job's function is given to work with."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from daemon.domain.job import Job
from daemon.paths import Paths
from daemon.settings import Settings
from daemon.store import queue
from daemon.store.engine import Store, Transaction

_REPORT_SECONDS = 1.0
"""Between two writes of progress, however often a job reports."""
_LOOK_SECONDS = 1.0
"""Between two looks whether the claim still stands."""


class JobContext:
    """One attempt's: the store, the settings, and the claim's fence."""

    def __init__(self, job: Job, store: Store, settings: Settings, paths: Paths) -> None:
        self.job = job
        self.store = store
        self.settings = settings
        self.paths = paths
        self.result: Any = None
        """What `secaid jobs show` tells of the job: JSON. Set it before `complete`'s block ends."""
        self.completed = False
        self._reported = self._looked = float("-inf")

    def progress(self, fraction: float, note: str | None = None) -> None:
        """Tell how far the job is (0–1) and what it does; written at most once a second.

        Raises:
            LostClaim: the job was cancelled, or is another worker's now.
        """
        if time.monotonic() - self._reported < _REPORT_SECONDS and fraction < 1.0:
            return
        self._reported = self._looked = time.monotonic()
        with self.store.begin() as connection:
            queue.progress(connection, self.job, fraction, note)

    def check_cancelled(self) -> None:
        """Call it often; it looks at most once a second.

        Raises:
            LostClaim: the job was cancelled, or is another worker's now.
        """
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        with self.store.read() as connection:
            queue.require(connection, self.job)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A write transaction in the middle of the job: fenced, and a heartbeat; it does not finish the job.

        Raises:
            LostClaim: nothing was written.
        """
        with self.store.begin() as connection:
            if queue.renew(connection, [self.job]):
                queue.require(connection, self.job)
            yield connection

    @contextlib.contextmanager
    def complete(self, *, dead: str | None = None) -> Iterator[Transaction]:
        """The job's last write transaction: its effects, its follow-ups and its completion, together or not at all.

        Args:
            dead: keep the effects, and let the job end dead with this reason; only a part of its work was possible.

        Raises:
            LostClaim: nothing was written.
        """
        with self.store.begin() as connection:
            # Before the work of saving, and for the caller's good: its rows are written under a claim that stands.
            queue.require(connection, self.job)
            yield connection
            if dead is None:
                queue.finish(connection, self.job, self.result)
            else:
                queue.fail(connection, self.job, queue.Cause.PERMANENT, dead, run_at=0.0, permanent=True)
        self.completed = True
