"""Ending a claim: done, tried again, put back, or dead. Each needs the claim's token and hits one row or nothing."""

from __future__ import annotations

import enum
import itertools
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    any_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from daemon.domain.job import Job, JobState, NewJob
from daemon.masking import mask
from daemon.store.engine import ring_on_commit
from daemon.store.prepared import Prepared, together
from daemon.store.queue.add import enqueue
from daemon.store.queue.claim import lost
from daemon.store.queue.states import DONE, NO_TOKEN
from daemon.store.tables.queue import job_failures, job_needs, jobs

REASON_LENGTH = 4000
"""Characters kept of a reason; a traceback's end says more than its beginning."""


class Cause(enum.StrEnum):
    """Why an attempt ended without a result, in one word: what `secaid status` counts dead jobs by."""

    ERROR = "error"
    PERMANENT = "permanent"
    UNAVAILABLE = "unavailable"
    STORE = "store"
    """The database could not be used when the job needed it; that passes by itself."""
    INCOMPLETE = "incomplete"
    """The job's function returned without completing the job."""
    CRASHED = "crashed"
    """A signal ended the child process: a segfault, or the system's out-of-memory killer."""
    MEMORY = "memory"
    TIMEOUT = "timeout"
    WORKER_LOST = "worker-lost"
    STOPPED = "stopped"
    """The worker was told to stop while the job ran."""


_MINE = (jobs.c.id == bindparam("id_")) & (jobs.c.token == bindparam("token_"))
_DONE = (
    update(jobs)
    .values(
        state=DONE,
        token=NO_TOKEN,
        progress=1.0,
        finished_at=bindparam("now_"),
        result=bindparam("result_"),
        cause=literal_column("NULL"),
        reason=literal_column("NULL"),
    )
    .returning(jobs.c.id, jobs.c.needed, jobs.c.again)
)
_FINISH = Prepared(_DONE.where(_MINE))
# Many ids travel as one value, so that the statement is the same for any number of them.
_LISTED = select(func.json_each(bindparam("ids_")).table_valued("value").c.value)
_IN_ARRAY = any_(bindparam("ids_", type_=ARRAY(BigInteger)))
_FINISH_MANY = {
    "sqlite": Prepared(_DONE.where(jobs.c.id.in_(_LISTED), jobs.c.token == bindparam("token_"))),
    "postgresql": Prepared(_DONE.where(jobs.c.id == _IN_ARRAY, jobs.c.token == bindparam("token_"))),
}
_BURY = (
    update(jobs)
    .where(_MINE)
    .values(
        state="dead",
        token=None,
        finished_at=bindparam("now_"),
        cause=bindparam("cause_"),
        reason=bindparam("reason_"),
    )
    .returning(jobs.c.again)
)
_RELEASE = (
    update(jobs)
    .where(_MINE)
    .values(
        state="ready",
        token=None,
        released_at=bindparam("now_"),
        run_at=bindparam("run_at_"),
        attempt=jobs.c.attempt - bindparam("unused_"),
        postponed=case((bindparam("unused_") > 0, jobs.c.postponed + 1), else_=0),
        cause=bindparam("cause_"),
        reason=bindparam("reason_"),
    )
)
_WAITING_FOR = select(job_needs.c.job_id).where(job_needs.c.needs_id == bindparam("id_")).order_by(job_needs.c.job_id)
_UNBLOCK = (
    update(jobs)
    .where(jobs.c.id.in_(bindparam("ids_", expanding=True)), jobs.c.waiting > 0)
    .values(
        waiting=jobs.c.waiting - 1,
        state=case(((jobs.c.waiting == 1) & (jobs.c.state == "blocked"), "ready"), else_=jobs.c.state),
    )
    .returning(jobs.c.kind, jobs.c.state)
)
_LOCK = select(jobs.c.id).where(jobs.c.id.in_(bindparam("ids_", expanding=True))).order_by(jobs.c.id).with_for_update()


def finish(connection: Connection, job: Job, result: Any = None, *, now: float | None = None) -> None:
    """Mark a claimed job done, in the transaction that holds its effects. Jobs that waited for it become ready.

    Raises:
        LostClaim: the claim does not stand; the caller's transaction must not commit.
    """
    now = time.time() if now is None else now
    encoded = None if result is None else msgspec.json.encode(result).decode()
    with together(connection):
        finished = _FINISH(connection, {"id_": job.id, "token_": job.token, "now_": now, "result_": encoded})
    row = finished.fetchone()
    if row is None:
        raise lost(job)
    _follow(connection, job, *row[1:])


def finish_many(connection: Connection, done: Sequence[Job], *, now: float | None = None) -> None:
    """Mark several claimed jobs done at once, without results, as `finish` does.

    Raises:
        LostClaim: one of the claims does not stand; the caller's transaction must not commit.
    """
    now = time.time() if now is None else now
    # What was claimed together has one token.
    for token, held in itertools.groupby(done, key=lambda job: job.token):
        claim = {job.id: job for job in held}
        ids: Any = list(claim)
        if connection.dialect.name == "sqlite":
            ids = str(ids)
        values = {"ids_": ids, "token_": token, "now_": now, "result_": None}
        with together(connection):
            finished = _FINISH_MANY[connection.dialect.name](connection, values)
        rows = finished.fetchall()
        if len(rows) < len(claim):
            raise lost(next(job for id_, job in claim.items() if id_ not in {row[0] for row in rows}))
        for id_, needed, again in rows:
            _follow(connection, claim[id_], needed, again)


def fail(
    connection: Connection,
    job: Job,
    cause: Cause,
    reason: str,
    *,
    run_at: float,
    permanent: bool = False,
    now: float | None = None,
) -> JobState:
    """Record a failed attempt: ready again at `run_at`, or dead when it was the last, or when `permanent`.

    Raises:
        LostClaim: the claim does not stand; nothing was recorded.
    """
    now = time.time() if now is None else now
    reason = shortened(reason)
    if permanent or job.attempt >= job.max_attempts:
        _bury(connection, job, cause, reason, now)
        state = JobState.DEAD
    else:
        _release(connection, job, cause, reason, run_at, now, unused=0)
        state = JobState.READY
    record_failure(connection, job.id, job.attempt, None, cause, reason, now)
    return state


def postpone(
    connection: Connection,
    job: Job,
    reason: str,
    *,
    run_at: float,
    cause: Cause = Cause.UNAVAILABLE,
    now: float | None = None,
) -> None:
    """Put a claimed job back until `run_at` because it could not be tried; no attempt is counted.

    Raises:
        LostClaim: the claim does not stand; nothing was changed.
    """
    now = time.time() if now is None else now
    _release(connection, job, cause, shortened(reason), run_at, now, unused=1)


def record_failure(
    connection: Connection, job: int, attempt: int, worker: str | None, cause: str, reason: str, now: float
) -> None:
    """Keep the history of an attempt that gave no result."""
    row = {"job_id": job, "attempt": attempt, "worker": worker, "cause": str(cause), "reason": reason, "at": now}
    connection.execute(insert(job_failures), row)


def run_again(connection: Connection, id_: int, job: Job | NewJob, payload: str) -> None:
    """Enqueue the run that was asked for while this one was running."""
    connection.execute(update(jobs).where(jobs.c.id == id_).values(again=None))
    again = NewJob(
        kind=job.kind,
        payload=msgspec.json.decode(payload),
        priority=job.priority,
        unique_key=job.unique_key,
        coalesce=True,
    )
    enqueue(connection, again)


def shortened(reason: str) -> str:
    """A reason fit to be stored: masked, of bounded length, and without what PostgreSQL's text cannot hold."""
    reason = mask(reason).replace("\0", "\ufffd")
    return reason if len(reason) <= REASON_LENGTH else "… " + reason[-REASON_LENGTH:]


def _follow(connection: Connection, job: Job, needed: bool, again: str | None) -> None:
    """What a finished job lets begin."""
    if needed:
        _unblock(connection, job.id)
    if again is not None:
        run_again(connection, job.id, job, again)


def _bury(connection: Connection, job: Job, cause: Cause, reason: str, now: float) -> None:
    values = {"now_": now, "cause_": str(cause), "reason_": reason}
    row = connection.execute(_BURY, {"id_": job.id, "token_": job.token, **values}).one_or_none()
    if row is None:
        raise lost(job)
    if row.again is not None:
        run_again(connection, job.id, job, row.again)


def _release(
    connection: Connection, job: Job, cause: Cause, reason: str, run_at: float, now: float, *, unused: int
) -> None:
    values = {"now_": now, "run_at_": run_at, "cause_": str(cause), "reason_": reason, "unused_": unused}
    if connection.execute(_RELEASE, {"id_": job.id, "token_": job.token, **values}).rowcount != 1:
        raise lost(job)
    ring_on_commit(connection, job.kind)


def _unblock(connection: Connection, done: int) -> None:
    """Count down what the jobs that needed this one still wait for.

    A counter, because two needs that finish at the same moment do not see each other; locked in the
    order of ids, so that they cannot wait for each other.
    """
    waiting = connection.execute(_WAITING_FOR, {"id_": done}).scalars().all()
    if not waiting:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"ids_": waiting})
    for kind, state in connection.execute(_UNBLOCK, {"ids_": waiting}).all():
        if state == JobState.READY:
            ring_on_commit(connection, kind)
    connection.execute(delete(job_needs).where(job_needs.c.needs_id == done))
