"""The contenders behind one face: put a job, take one and complete it. All on WAL with `synchronous = NORMAL`."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

PAYLOAD = {"artifact": 4711, "repository": "owner/name", "commit": "70c5d11"}


class Contender(Protocol):
    """One connection of one process to one queue."""

    def put(self) -> None:
        """Add one job, durably."""

    def work(self) -> bool:
        """Claim one job and complete it; False when there was none."""


class Secaid:
    """Our queue, as its workers use it: a fenced claim, then a completion that commits with its effects."""

    def __init__(self, place: str) -> None:
        from daemon.store.identity import own_identity
        from daemon.store.opening import open_store

        self.store = open_store(place)
        self.worker = own_identity()

    @staticmethod
    def prepare(place: str) -> None:
        """Make the tables."""
        from daemon.store import migrate
        from daemon.store.opening import open_store

        store = open_store(place)
        migrate.upgrade(store)
        store.close()

    def put(self) -> None:
        """One transaction."""
        from daemon.domain.job import NewJob
        from daemon.store import queue

        with self.store.begin() as connection:
            queue.enqueue(connection, NewJob(kind="analysis", payload=PAYLOAD))

    def work(self) -> bool:
        """Two transactions."""
        return self.work_many(1)

    def put_many(self, number: int) -> None:
        """A batch in one transaction."""
        from daemon.domain.job import NewJob
        from daemon.store import queue

        with self.store.begin() as connection:
            queue.enqueue_many(connection, [NewJob(kind="analysis", payload=PAYLOAD)] * number)

    def work_many(self, number: int) -> bool:
        """A batch in two transactions."""
        from daemon.store import queue

        jobs = queue.claim(self.store, "analysis", self.worker, limit=number)
        if jobs:
            with self.store.begin() as connection:
                queue.finish_many(connection, jobs)
        return bool(jobs)


class LiteQueue:
    """litequeue: `pop`, then `done`; no lease, no token, no retry."""

    def __init__(self, place: str) -> None:
        from litequeue import LiteQueue as Queue

        # It needs a timeout under contention; five seconds are the driver's default.
        self.queue = Queue(place, timeout=30)
        self.queue.conn.execute("PRAGMA synchronous = NORMAL")

    @staticmethod
    def prepare(place: str) -> None:
        """Make the tables."""
        LiteQueue(place)

    def put(self) -> None:
        """One statement."""
        self.queue.put(json.dumps(PAYLOAD))

    def work(self) -> bool:
        """Two statements."""
        message = self.queue.pop()
        if message is None:
            return False
        json.loads(message.data)
        self.queue.done(message.message_id)
        return True


class Huey:
    """huey's SqliteHuey: the job's row is deleted when it is claimed, so a killed worker loses it."""

    def __init__(self, place: str) -> None:
        from huey import SqliteHuey

        self.huey = SqliteHuey(filename=place, results=False, timeout=30)
        self.huey.storage.conn.execute("PRAGMA synchronous = NORMAL")
        self.task = self.huey.task()(_nothing)

    @staticmethod
    def prepare(place: str) -> None:
        """Make the tables."""
        Huey(place)

    def put(self) -> None:
        """One task."""
        self.task(PAYLOAD)

    def work(self) -> bool:
        """Dequeue and execute, as its consumer does."""
        task = self.huey.dequeue()
        if task is None:
            return False
        self.huey.execute(task)
        return True


def _nothing(payload: dict[str, Any]) -> None:
    """The job itself costs nothing in any contender."""


class PersistQueue:
    """persist-queue's SQLiteAckQueue: `get`, then `ack`; two processes may get the same item."""

    def __init__(self, place: str) -> None:
        from persistqueue import SQLiteAckQueue

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.queue = SQLiteAckQueue(str(Path(place).parent), db_file_name=Path(place).name, auto_resume=False)
        self.queue._putter.execute("PRAGMA synchronous = NORMAL")

    @staticmethod
    def prepare(place: str) -> None:
        """Make the tables."""
        PersistQueue(place)

    def put(self) -> None:
        """One statement."""
        self.queue.put(PAYLOAD)

    def work(self) -> bool:
        """Two statements, not in one transaction."""
        from persistqueue.exceptions import Empty

        try:
            item = self.queue.get(block=False, raw=True)
        except Empty:
            return False
        self.queue.ack(id=item["pqid"])
        return True


class Procrastinate:
    """procrastinate on PostgreSQL: deferred one by one, run by its own worker until nothing is left."""

    def __init__(self, place: str) -> None:
        import procrastinate

        self.app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=_plain(place)))
        self.app.open()
        self.task = self.app.task(name="nothing")(_nothing)
        self.place = place

    @staticmethod
    def prepare(place: str) -> None:
        """Make the tables."""
        import procrastinate

        with procrastinate.App(connector=procrastinate.SyncPsycopgConnector(conninfo=_plain(place))).open() as app:
            app.schema_manager.apply_schema()

    def put(self) -> None:
        """One job."""
        self.task.defer(payload=PAYLOAD)

    def work_all(self, queue: str = "default") -> None:
        """Its worker, one job at a time, as a secaid worker takes them."""
        import procrastinate

        app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=_plain(self.place)))
        app.task(name="nothing")(_nothing)
        app.run_worker(queues=[queue], wait=False, concurrency=1, install_signal_handlers=False, listen_notify=False)

    def work(self) -> bool:
        """Only to warm up, on a queue of its own: its worker takes all there is, and would leave nothing to measure."""
        self.task.configure(queue="warm").defer(payload=PAYLOAD)
        self.work_all("warm")
        return False


def _plain(place: str) -> str:
    return place.replace("postgresql+psycopg://", "postgresql://")


CONTENDERS: dict[str, Any] = {
    "secaid": Secaid,
    "litequeue": LiteQueue,
    "huey": Huey,
    "persist-queue": PersistQueue,
}


def names(given: Sequence[str]) -> list[str]:
    """The contenders asked for; all by default."""
    return [name for name in CONTENDERS if not given or name in given]
