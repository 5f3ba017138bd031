"""Many jobs, several processes, random SIGKILLs: how many results are lost or written twice?

    python tests/faults/storm.py secaid|persist-queue FOLDER [--jobs 10000] [--processes 8] [--kills 100] [--url URL]

persist-queue is the check's positive control: the same storm and the same check must find what it loses or does
twice. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import sqlite3
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import ledger
from sqlalchemy import text

from daemon.domain.job import NewJob
from daemon.errors import LostClaim
from daemon.store import backup, migrate, queue
from daemon.store.engine import Store
from daemon.store.identity import own_identity
from daemon.store.opening import open_store


class Contender(Protocol):
    """A queue whose jobs' results can be counted."""

    def fill(self, number: int) -> list[int]:
        """Add jobs; their ids."""

    def consume(self) -> None:
        """In a process of its own: work until nothing is left."""

    def done(self) -> int:
        """How many results there are."""

    def verdict(self, promised: list[int]) -> ledger.Verdict:
        """Look at all of them, when every process has ended."""


class Secaid:
    """Ours: the result and the completion are one transaction."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.place = url or str(folder / "secaid.db")
        store = self._open()
        migrate.upgrade(store)
        ledger.prepare(store)
        store.close()

    def _open(self) -> Store:
        return open_store(self.place, lock_seconds=60)

    def fill(self, number: int) -> list[int]:
        store = self._open()
        with store.begin() as connection:
            wishes = [NewJob(kind="analysis", payload={"n": n}, max_attempts=1_000_000) for n in range(number)]
            ids = [each.id for each in queue.enqueue_many(connection, wishes)]
        store.close()
        return ids

    def consume(self) -> None:
        store = self._open()
        # Short, so that a claim of a process that could not be proven gone would come up within the storm, too.
        reaper = queue.Reaper(store, lease_seconds=1.0, heartbeat_seconds=0.2)
        looked = 0.0
        while True:
            if time.monotonic() - looked > 0.2:
                reaper.reap()
                looked = time.monotonic()
            jobs = queue.claim(store, "analysis", own_identity(), limit=random.choice((1, 1, 4)))
            for job in jobs:
                # So short a lease ends on a machine with too much to do, too; then nothing of this claim is written.
                with contextlib.suppress(LostClaim), store.begin() as connection:
                    ledger.write(connection, job)
                    queue.finish(connection, job)
            if not jobs:
                with store.read() as connection:
                    if not queue.runnable(connection, ["analysis"]):
                        return
                time.sleep(0.05)

    def done(self) -> int:
        store = self._open()
        with store.read() as connection:
            found = int(connection.execute(text("SELECT count(*) FROM effects")).scalar_one())
        store.close()
        return found

    def verdict(self, promised: list[int]) -> ledger.Verdict:
        store = self._open()
        found = ledger.verdict(store, promised)
        store.close()
        return found


class PersistQueue:
    """persist-queue's SQLiteAckQueue with its own defaults, as its documentation uses it: get, work, ack."""

    def __init__(self, folder: Path, url: str | None) -> None:
        del url
        self.folder = folder
        self._results().execute("CREATE TABLE IF NOT EXISTS effects (job INTEGER)").connection.close()

    def _results(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "results.db", timeout=60, isolation_level=None)

    def _queue(self) -> Any:
        from persistqueue import SQLiteAckQueue

        warnings.simplefilter("ignore")
        return SQLiteAckQueue(str(self.folder), db_file_name="queue.db")

    def fill(self, number: int) -> list[int]:
        waiting = self._queue()
        for n in range(number):
            waiting.put(n)
        waiting.close()
        return list(range(number))

    def consume(self) -> None:
        from persistqueue.exceptions import Empty

        waiting, results = self._queue(), self._results()
        while True:
            try:
                item = waiting.get(block=False, raw=True)
            except Empty:
                return
            except sqlite3.OperationalError:
                continue
            results.execute("INSERT INTO effects VALUES (?)", (item["data"],))
            self._again(lambda item=item: waiting.ack(id=item["pqid"]))

    @staticmethod
    def _again(act: Callable[[], object]) -> None:
        """It gives up on a locked database after its driver's five seconds."""
        while True:
            try:
                act()
            except sqlite3.OperationalError:
                continue
            return

    def done(self) -> int:
        connection = self._results()
        (found,) = connection.execute("SELECT count(DISTINCT job) FROM effects").fetchone()
        connection.close()
        return int(found)

    def verdict(self, promised: list[int]) -> ledger.Verdict:
        connection = self._results()
        results = [row[0] for row in connection.execute("SELECT job FROM effects")]
        connection.close()
        return ledger.judge(promised, results, (), backup.problems(self.folder / "queue.db"))


_CONTENDERS: dict[str, Any] = {"secaid": Secaid, "persist-queue": PersistQueue}


def storm(contender: Contender, jobs: int, processes: int, kills: int, chance: random.Random) -> dict[str, Any]:
    """Fill, let the processes work, kill one and start another until all is done; what the check finds."""
    promised = contender.fill(jobs)
    began = time.monotonic()
    alive = {_start(contender) for _ in range(processes)}
    killed = 0
    while alive:
        # Kills are spread over the work, whatever its pace.
        if killed < kills and contender.done() >= killed * jobs // (kills + 1):
            pid = chance.choice(sorted(alive))
            time.sleep(chance.random() * 0.005)
            os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            alive.remove(pid)
            # One that was through already is no kill.
            killed += os.WIFSIGNALED(status)
            alive.add(_start(contender))
        alive -= _ended(alive)
    found = contender.verdict(promised)
    return {
        "jobs": jobs,
        "processes": processes,
        "kills": killed,
        "lost": len(found.lost),
        "twice": len(found.twice),
        "unsound": found.unsound[:5],
        "seconds": round(time.monotonic() - began, 1),
    }


def _start(contender: Contender) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            contender.consume()
            code = 0
        except BaseException:  # noqa: BLE001 - told here, because `os._exit` tells nothing
            traceback.print_exc()
        finally:
            os._exit(code)
    return pid


def _ended(alive: set[int]) -> set[int]:
    time.sleep(0.002)
    gone = set()
    for pid in alive:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            gone.add(pid)
            if os.WIFEXITED(status) and os.WEXITSTATUS(status):
                message = "a consumer failed by itself"
                raise RuntimeError(message)
    return gone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contender", choices=_CONTENDERS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url")
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    contender = _CONTENDERS[given.contender](given.folder, given.url)
    print(json.dumps(storm(contender, given.jobs, given.processes, given.kills, random.Random(given.seed))))


if __name__ == "__main__":
    main()
