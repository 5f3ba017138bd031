"""The one check of all fault suites: what was promised against what was committed.

A job's effect is a row of `effects`, written in the transaction of its completion. The table has no key, so that
a second result shows instead of failing.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable

import msgspec
from sqlalchemy import text

from daemon.domain.job import Job
from daemon.store import backup, queue
from daemon.store.engine import Store, Transaction
from daemon.store.identity import own_identity


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """All empty where nothing went wrong."""

    lost: list[int]
    """Promised, and neither there to be run nor done with its result."""
    twice: list[int]
    """With more than one result."""
    unsound: list[str]
    """What the database says of itself."""

    @property
    def clean(self) -> bool:
        return not (self.lost or self.twice or self.unsound)


def judge(
    promised: Iterable[int], results: Iterable[int], live: Iterable[int] = (), unsound: Iterable[str] = ()
) -> Verdict:
    """Compare ids: of the jobs that were promised, of all committed results, of the jobs still to be run."""
    counted = collections.Counter(results)
    there = {*counted, *live}
    return Verdict(
        lost=sorted(set(promised) - there),
        twice=sorted(id_ for id_, number in counted.items() if number > 1),
        unsound=list(unsound),
    )


def prepare(store: Store) -> None:
    """Make the table of results."""
    with store.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS effects (job BIGINT, token TEXT, value TEXT)"))


def write(connection: Transaction, job: Job) -> None:
    """The job's effect."""
    row = {"job": job.id, "token": job.token}
    connection.execute(text("INSERT INTO effects (job, token) VALUES (:job, :token)"), row)


def verdict(store: Store, promised: Iterable[int]) -> Verdict:
    """Look at the database now, whatever still runs."""
    with store.read() as connection:
        states = dict(connection.execute(text("SELECT id, state FROM jobs")).all())
        results = connection.execute(text("SELECT job FROM effects")).scalars().all()
    done = {id_ for id_, state in states.items() if state == "done"}
    # Results and completions commit together: one without the other is a torn transaction.
    torn = [f"job {id_} is done without a result" for id_ in sorted(done - set(results))]
    torn += [f"job {id_} has a result and is {states[id_]}" for id_ in sorted(set(results) - done) if id_ in states]
    live = [id_ for id_, state in states.items() if state != "done"]
    return judge(promised, results, live, [*backup.integrity(store), *torn])


def drain(store: Store) -> None:
    """Run what is left, as a worker would: first what gone workers held."""
    reaper = queue.Reaper(store, lease_seconds=60, heartbeat_seconds=15)
    while True:
        reaper.reap()
        jobs = queue.claim(store, "analysis", own_identity(), limit=100, now=4e9)
        if not jobs:
            return
        for job in jobs:
            with store.begin() as connection:
                write(connection, job)
                queue.finish(connection, job)
