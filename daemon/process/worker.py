"""The light worker of one kind: waits, claims, sends heartbeats, and has a child do the heavy work.

::

    wait ──bell or due──▶ claim ──▶ child runs the job ──▶ completed, failed, postponed, lost
     │                                   │ heartbeat, time and memory limits, reaper
     └── idle for long: the child ends; then the worker becomes its own doorman (`daemon.process.doorman`)
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence

from daemon import events
from daemon.domain.job import FED_BY, Job
from daemon.errors import SecaidError, StoreUnavailable, Unavailable
from daemon.paths import Paths
from daemon.process.attempt import Attempt
from daemon.process.child import COMMAND, Child
from daemon.process.housekeeping import Housekeeping
from daemon.process.messages import setup
from daemon.process.power import Gate, awake
from daemon.process.signals import Stop
from daemon.settings import Settings
from daemon.store import migrate, processes, queue
from daemon.store.engine import Store
from daemon.store.identity import own_identity

_SLOWEST_RESTART = 60.0


class Worker:
    """Serves one kind until it is asked to stop."""

    def __init__(
        self,
        kind: str,
        store: Store,
        settings: Settings,
        paths: Paths,
        *,
        stop: Stop,
        child_command: Sequence[str] = COMMAND,
    ) -> None:
        self.kind = kind
        self._store = store
        self._settings = settings
        self._stop = stop
        self._gate = Gate(settings.power)
        self._child_command = child_command
        self._setup = setup(settings, paths, store.url)
        self._child: Child | None = None
        self._idle_since = time.monotonic()
        self._restart_seconds = 1.0
        self._said = ""
        self._unsure = False
        self._checked = float("-inf")
        self._housekeeping = Housekeeping(store, settings)

    def run(self, *, leave_when_idle: bool = False) -> bool:
        """Work until asked to stop (False), or until idle for long, where `leave_when_idle` (True).

        Raises:
            SchemaMismatch: a newer secaid has upgraded the database in the meantime.
        """
        bell = self._store.bells.listen([self.kind])
        idle = False
        try:
            while not self._stop.look() and not idle:
                seconds = self._safely(self._step)
                idle = leave_when_idle and self._idle_seconds() > self._settings.workers.idle_exit_seconds
                if seconds > 0 and not idle:
                    bell.wait(min(seconds, self._until_idle_exit()), also=self._stop.descriptors)
        finally:
            self._end_child(grace_seconds=2.0)
            bell.close()
            if not idle:
                self.sign_off()
        return idle

    def _step(self) -> float:
        """Do what is to be done now; seconds until there may be something again."""
        self._housekeeping.tick()
        self._give_back()
        self._end_idle_child()
        heartbeat = self._settings.queue.heartbeat_seconds
        with self._store.read() as connection:
            due = queue.next_due(connection, [self.kind])
        if due is None or due > 0:
            self._say("idle")
            return heartbeat if due is None else min(due, heartbeat)
        self._idle_since = time.monotonic()
        if reason := self._gate.why_not_start(self.kind) or self._unfinished_batch():
            self._end_child(grace_seconds=5.0)
            self._say("waiting", reason)
            return heartbeat
        self._check_schema()
        child = self._ready_child()
        if child is None:
            return self._restart_seconds
        jobs = self._claim(child.policy.max_attempts or self._settings.queue.max_attempts)
        for job in jobs:
            self._attempt(job, child)
        # Nothing to claim although something is ready: its kind is at its limit, or another worker was quicker.
        return 0.0 if jobs else min(1.0, heartbeat)

    def _claim(self, most_attempts: int) -> list[Job]:
        self._unsure = True
        found = queue.claim(self._store, self.kind, own_identity(), max_attempts=most_attempts)
        self._unsure = False
        return found

    def _give_back(self) -> None:
        """After a claim whose outcome never came: no job is held here, so one that stands is one nobody knows of."""
        if self._unsure:
            with self._store.begin() as connection:
                queue.give_back(connection, own_identity())
            self._unsure = False

    def _unfinished_batch(self) -> str | None:
        """Why a job that learns from others' results waits for more of them, or None.

        Asked here and not counted when the job is enqueued: of two that end a batch at the same moment neither would
        see itself as the last, and one that dies would leave nobody to notice.
        """
        feeding = FED_BY.get(self.kind)
        if feeding is None:
            return None
        with self._store.read() as connection:
            left = queue.runnable(connection, feeding)
        return f"it waits for its batch: {left} {' and '.join(feeding)} job(s) are not done yet" if left else None

    def _attempt(self, job: Job, child: Child) -> None:
        self._say("working", f"job {job.id}, attempt {job.attempt}")
        events.emit("job.claimed", job=job.id, kind=job.kind, attempt=job.attempt)
        attempt = Attempt(job, child, self._store, self._settings, self._stop, self._housekeeping)
        with awake(child.pid) if self._gate.is_heavy(self.kind) else contextlib.nullcontext():
            if not attempt.run():
                self._child = None
        self._idle_since = time.monotonic()

    def _check_schema(self) -> None:
        """A newer secaid may have upgraded the schema while this worker was running."""
        if time.monotonic() - self._checked >= self._settings.queue.heartbeat_seconds:
            migrate.check(self._store)
            self._checked = time.monotonic()

    def _ready_child(self) -> Child | None:
        """A child that is ready; started before the claim, so that one that cannot start spends no attempt."""
        if self._child is not None:
            return self._child
        child = Child(self.kind, self._setup, self._child_command)
        self._say("starting")
        try:
            if not child.await_hello(self._stop.descriptors):
                child.end()
                return None
        except Unavailable as error:
            events.emit("child.broken", level="error", kind=self.kind, reason=str(error))
            self._restart_seconds = min(_SLOWEST_RESTART, self._restart_seconds * 2)
            self._say("broken", str(error))
            return None
        self._child = child
        self._restart_seconds = 1.0
        if child.policy.concurrency is not None:
            with self._store.begin() as connection:
                queue.set_concurrency(connection, self.kind, child.policy.concurrency)
        return child

    def _end_idle_child(self) -> None:
        if self._child is not None and self._idle_seconds() >= self._settings.workers.idle_exit_seconds:
            events.emit("child.retired", kind=self.kind)
            self._end_child(grace_seconds=5.0)

    def _end_child(self, *, grace_seconds: float) -> None:
        if self._child is not None:
            self._child.end(grace_seconds)
            self._child = None

    def _idle_seconds(self) -> float:
        return time.monotonic() - self._idle_since

    def _until_idle_exit(self) -> float:
        left = self._settings.workers.idle_exit_seconds - self._idle_seconds()
        return max(0.05, left) if left > 0 else self._settings.queue.heartbeat_seconds

    def sign_off(self) -> None:
        """Tell that this worker ends as it should."""
        with contextlib.suppress(SecaidError), self._store.begin() as connection:
            processes.sign_off(connection)

    def _say(self, state: str, note: str | None = None) -> None:
        """Report a change of state; an unchanged one is left to the housekeeping's heartbeat."""
        if self._said != f"{state} {note}":
            self._said = f"{state} {note}"
            # A claimed job does not wait for a report; the next heartbeat repeats it.
            with contextlib.suppress(StoreUnavailable):
                self._housekeeping.report("worker", state, kind=self.kind, note=note)

    def _safely(self, step: Callable[[], float]) -> float:
        """Do a step; a database that cannot be used now is waited for, and costs no job an attempt."""
        try:
            return step()
        except StoreUnavailable as error:
            events.emit("store.unavailable", level="warning", kind=self.kind, reason=str(error))
            self._stop.sleep(1.0)
            return 0.0
