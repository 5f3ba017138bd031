"""One attempt at one job: the child works while the worker watches, renews and, at the end, records."""

from __future__ import annotations

import time
from collections.abc import Callable

from daemon import events
from daemon.domain.job import Job, JobState
from daemon.errors import LostClaim, StoreUnavailable
from daemon.process.child import Child
from daemon.process.housekeeping import Housekeeping
from daemon.process.messages import Completed, Failed, FromChild, Lost, Postponed, Run
from daemon.process.power import Gate
from daemon.process.signals import Stop
from daemon.settings import Settings
from daemon.store import queue
from daemon.store.engine import Store
from daemon.store.queue import Cause

_WATCH_SECONDS = 1.0
"""Between two looks at the child's memory and time."""
_POWER_SECONDS = 15.0
"""Between two looks whether a heavy job may go on."""
_STOP_SECONDS = 5.0
"""What a child may take to commit what it is committing when the worker is told to stop."""


class Attempt:
    """consumes a claimed `Job` and a ready child → produces the job's next state, recorded."""

    def __init__(
        self, job: Job, child: Child, store: Store, settings: Settings, stop: Stop, housekeeping: Housekeeping
    ) -> None:
        self._job = job
        self._child = child
        self._store = store
        self._stop = stop
        self._housekeeping = housekeeping
        self._heartbeat = settings.queue.heartbeat_seconds
        self._timeout = child.policy.timeout_seconds or settings.workers.job_timeout_seconds
        self._memory_mb = child.policy.memory_mb or settings.workers.child_memory_mb
        self._gate = Gate(settings.power)
        self._started = self._renewed = self._watched = self._powered = time.monotonic()

    def run(self) -> bool:
        """See the attempt through; whether the child can take another job."""
        self._child.run(Run(job=self._job))
        while True:
            message = self._child.poll(min(_WATCH_SECONDS, self._heartbeat), also=self._stop.descriptors)
            if message is not None:
                self._record(lambda message=message: self._settle(message))  # type: ignore[misc]  # binds this message
                return True
            if self._child.ended:
                return self._crashed()
            if self._stop.look():
                return self._stopped()
            if broken := self._over_limit():
                return self._give_up(*broken)
            if reason := self._out_of_power():
                return self._put_back(reason)
            if not self._renew():
                return self._abandon()

    def _settle(self, message: FromChild) -> None:
        match message:
            case Completed():
                events.emit("job.done", job=self._job.id, kind=self._job.kind, seconds=self._seconds())
            case Lost():
                events.emit("job.lost", level="warning", job=self._job.id, kind=self._job.kind)
            case Postponed(reason=reason, cause=cause):
                self._postpone(reason, self._pause(Cause(cause)), Cause(cause))
            case Failed():
                self._fail(Cause(message.cause), message.reason, message.permanent, message.not_before)
            case _:
                self._fail(Cause.ERROR, f"the child said {type(message).__name__} instead of a result")

    def _fail(self, cause: Cause, reason: str, permanent: bool = False, not_before: float | None = None) -> None:
        run_at = not_before or time.time() + self._child.policy.backoff(self._job.attempt)
        with self._store.begin() as connection:
            state = queue.fail(connection, self._job, cause, reason, run_at=run_at, permanent=permanent)
        events.emit("job.failed", level="warning", job=self._job.id, cause=str(cause), reason=reason, state=str(state))

    def _postpone(self, reason: str, seconds: float, cause: Cause) -> None:
        with self._store.begin() as connection:
            queue.postpone(connection, self._job, reason, run_at=time.time() + seconds, cause=cause)
        events.emit("job.postponed", job=self._job.id, cause=str(cause), reason=reason)

    def _pause(self, cause: Cause) -> float:
        """What is missing stays so until somebody acts; a database comes back by itself, mostly at once.

        Where only this job's effects find no room in it, no more than half of the time goes into trying.
        """
        policy = self._child.policy
        if cause is not Cause.STORE:
            return policy.postpone_seconds
        return min(policy.postpone_seconds, max(policy.backoff(1), self._seconds()))

    def _crashed(self) -> bool:
        how = self._child.end(grace_seconds=1.0)
        said = self._child.last_words()
        reason = f"the child process ended ({how}) after {self._seconds():.0f} s"
        if how == "SIGKILL":
            reason += "; the system may have run out of memory"
        # It may have committed the job's completion and died before it could say so: then this finds no claim.
        self._record(lambda: self._fail(Cause.CRASHED, f"{reason}. {said}" if said else reason))
        return False

    def _stopped(self) -> bool:
        """Let it end what takes a moment; put the job back, without spending an attempt."""
        message = self._child.poll(_STOP_SECONDS if self._about_to_end() else 0.0)
        if message is not None:
            self._record(lambda: self._settle(message))
        else:
            return self._put_back("the worker was told to stop")
        return False

    def _put_back(self, reason: str) -> bool:
        """End the child and make the job ready again, without spending an attempt."""
        self._child.end()
        self._record(lambda: self._postpone(reason, 0.0, Cause.STOPPED))
        return False

    def _about_to_end(self) -> bool:
        """A job that has run for less than a heartbeat is worth a moment's wait."""
        return self._seconds() < self._heartbeat

    def _over_limit(self) -> tuple[Cause, str] | None:
        if time.monotonic() - self._watched < _WATCH_SECONDS:
            return None
        self._watched = time.monotonic()
        if self._seconds() > self._timeout:
            return Cause.TIMEOUT, f"it ran longer than {self._timeout:g} s"
        memory = self._child.memory_mb()
        if memory > self._memory_mb:
            return Cause.MEMORY, f"it used {memory:.0f} MiB of memory; {self._memory_mb} are allowed"
        return None

    def _out_of_power(self) -> str | None:
        if time.monotonic() - self._powered < _POWER_SECONDS:
            return None
        self._powered = time.monotonic()
        return self._gate.why_not_go_on(self._job.kind)

    def _give_up(self, cause: Cause, reason: str) -> bool:
        self._child.end()
        self._record(lambda: self._fail(cause, reason))
        return False

    def _renew(self) -> bool:
        """Send the heartbeat when it is due; False when the claim is lost. A locked database is no reason to stop."""
        if time.monotonic() - self._renewed < self._heartbeat:
            return True
        try:
            with self._store.begin() as connection:
                lost = queue.renew(connection, [self._job])
            self._housekeeping.tick()
        except StoreUnavailable as error:
            events.emit("store.unavailable", level="warning", job=self._job.id, reason=str(error))
            return True
        self._renewed = time.monotonic()
        return not lost

    def _abandon(self) -> bool:
        """The claim is gone (cancelled, or reaped while this process was stopped): what the child does is moot.

        Unless the child itself has ended the job and was not heard yet: a heartbeat that waited for the lock of the
        child's last transaction comes right after it, and before the child's word.
        """
        message = self._child.poll(_STOP_SECONDS) if self._has_ended() else None
        if message is not None:
            self._record(lambda: self._settle(message))
            return True
        events.emit("job.lost", level="warning", job=self._job.id, kind=self._job.kind)
        self._child.end()
        return False

    def _has_ended(self) -> bool:
        try:
            with self._store.read() as connection:
                view = queue.show(connection, self._job.id)
        except StoreUnavailable:
            return False
        return view is not None and view.attempt == self._job.attempt and view.state in {JobState.DONE, JobState.DEAD}

    def _record(self, write: Callable[[], None]) -> None:
        """Write what became of the attempt, for as long as the database cannot be used."""
        while True:
            try:
                write()
            except LostClaim:
                events.emit("job.settled-elsewhere", job=self._job.id)
            except StoreUnavailable as error:
                events.emit("store.unavailable", level="warning", job=self._job.id, reason=str(error))
                if self._stop.sleep(1.0):
                    return
                continue
            return

    def _seconds(self) -> float:
        return time.monotonic() - self._started
