"""The heavy child process of one worker: takes jobs from a pipe, does them, and says how each ended.

`python -m workers.child KIND READ WRITE`, with two inherited pipes. Its worker sends the heartbeats,
watches time and memory, and records the outcome; this process commits the effects.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from queue import SimpleQueue

from daemon import events
from daemon.domain.job import Job
from daemon.errors import LostClaim, Permanent, Retryable, StoreUnavailable, Unavailable
from daemon.process import messages
from daemon.process.child import limit_memory
from daemon.process.messages import Completed, Failed, Lost, Outcome, Postponed, Run, Setup
from daemon.process.signals import die_with_parent, own_group_ends
from daemon.store.engine import Store
from daemon.store.opening import open_store
from daemon.store.queue import Cause
from workers.jobs.context import JobContext
from workers.jobs.registry import JobType, find

_LOCK_SECONDS = 300.0
"""Hours of work wait longer for the write lock than a worker's heartbeat does."""


def main(arguments: list[str]) -> None:
    """`KIND READ WRITE`."""
    kind, read, write = arguments
    serve(lambda: find(kind), int(read), int(write))


def serve(find_type: Callable[[], JobType], read: int, write: int) -> None:
    """Say hello, then do each job that comes, until the worker closes the pipe."""
    faulthandler.enable()
    die_with_parent()
    for descriptor in (read, write):
        os.set_inheritable(descriptor, False)
    incoming: SimpleQueue[Setup | Run | None] = SimpleQueue()
    busy = threading.Event()
    threading.Thread(target=_listen, args=(read, incoming, busy), daemon=True).start()
    first = incoming.get()
    if not isinstance(first, Setup):
        return
    job_type = find_type()
    limit_memory(job_type.policy.memory_mb or first.settings.workers.child_memory_mb)
    with _opened(job_type.kind, first) as store:
        messages.send(write, messages.Hello(policy=job_type.policy))
        while isinstance(message := incoming.get(), Run):
            outcome = attempt(job_type, message.job, JobContext(message.job, store, first.settings, first.folders()))
            busy.clear()
            messages.send(write, outcome)


def attempt(job_type: JobType, job: Job, context: JobContext) -> Outcome:
    """Do one job. consumes a claimed `Job` → produces how it ended; the effects are committed by then."""
    try:
        with events.about(job=job.id, kind=job.kind):
            job_type.function(job, context)
    except Exception as error:  # noqa: BLE001 - whatever a job raises is its outcome
        if context.completed:
            # What happened after the commit cannot unmake it.
            events.emit("job.error-after-completion", level="error", job=job.id, error=repr(error))
            return Completed(job=job.id)
        return _outcome(job, error)
    if context.completed:
        return Completed(job=job.id)
    reason = f"the {job.kind} job's function returned without `context.complete()`: report this as a bug"
    return Failed(job=job.id, cause=Cause.INCOMPLETE, reason=reason)


def _outcome(job: Job, error: Exception) -> Outcome:
    reason = _sayable(str(error))
    match error:
        case LostClaim():
            return Lost(job=job.id)
        case StoreUnavailable():
            return Postponed(job=job.id, reason=reason, cause=Cause.STORE)
        case Unavailable():
            return Postponed(job=job.id, reason=reason, cause=Cause.UNAVAILABLE)
        case Permanent():
            return Failed(job=job.id, cause=Cause.PERMANENT, reason=reason, permanent=True)
        case Retryable(not_before=moment):
            until = moment.timestamp() if moment else None
            return Failed(job=job.id, cause=Cause.ERROR, reason=reason, not_before=until)
        case MemoryError():
            return Failed(job=job.id, cause=Cause.MEMORY, reason="it ran out of the memory it is allowed")
    return Failed(job=job.id, cause=Cause.ERROR, reason=_sayable("".join(traceback.format_exception(error))))


def _sayable(reason: str) -> str:
    """What a message can carry: a file's name that is no UTF-8 is quoted in errors as half a character."""
    return reason.encode(errors="backslashreplace").decode()


def _listen(read: int, incoming: SimpleQueue[Setup | Run | None], busy: threading.Event) -> None:
    """Read messages beside the work, so that the end of the worker is noticed in the middle of a job."""
    reader = messages.Reader(read)
    with contextlib.suppress(OSError, ValueError):
        while not reader.ended:
            for line in reader.lines():
                message = messages.to_child(line)
                if isinstance(message, Run):
                    busy.set()
                incoming.put(message)
    if busy.is_set():
        # The worker is gone, and with it the claim's heartbeat; scanners started by this job end, too.
        own_group_ends()
    incoming.put(None)


@contextlib.contextmanager
def _opened(kind: str, setup: Setup) -> Iterator[Store]:
    logging = setup.settings.logging
    events.configure(
        process=f"child-{kind}",
        folder=setup.folders().logs,
        level=logging.level,
        rotate_bytes=logging.rotate_megabytes * 2**20,
        keep=logging.keep,
    )
    store = open_store(setup.database, lock_seconds=_LOCK_SECONDS)
    try:
        yield store
    finally:
        store.close()


if __name__ == "__main__":
    main(sys.argv[1:])
