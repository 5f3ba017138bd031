"""Kills an upgrade with SIGKILL before each of its statements in turn, on a database of its own each time.

    python tests/faults/migrations.py VERSION URL_OR_PATH…

The upgrade is one from that version with a job in it, or from nothing where the version is empty. The first database
is only counted. Prints one JSON document.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

from sqlalchemy import event, text

from daemon.domain.job import NewJob
from daemon.store import backup, migrate, queue
from daemon.store.identity import own_identity
from daemon.store.opening import open_store

# In words that every version understands.
_JOB = "INSERT INTO jobs (kind, state, payload, created_at) VALUES ('analysis', 'ready', '{\"n\": 7}', 0)"


def prepare(url: str, version: str) -> None:
    """What an older secaid left."""
    if version:
        store = open_store(url)
        migrate.upgrade(store, version)
        with store.begin() as connection:
            connection.execute(text(_JOB.replace(":", r"\:")))
        store.close()


def upgrade(url: str, kill_before: int) -> int:
    """How many statements the upgrade has; it does not live to tell where one of them kills."""
    store = open_store(url)
    ran = 0

    def count(*_: Any) -> None:
        nonlocal ran
        if ran == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)
        ran += 1

    event.listen(store.engine, "before_cursor_execute", count)
    migrate.upgrade(store)
    store.close()
    return ran


def killed(url: str, at: int) -> bool:
    """In a fork: whether the upgrade was killed."""
    pid = os.fork()
    if pid == 0:
        try:
            upgrade(url, at)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def look(url: str, version: str) -> list[str]:
    """What is wrong with the database afterwards; then it is upgraded and used."""
    store = open_store(url)
    found = backup.integrity(store)
    left = migrate.version(store)
    if left != (version or None):
        found.append(f"the killed upgrade left version {left}")
    migrate.upgrade(store)
    migrate.check(store)
    with store.begin() as connection:
        queue.enqueue(connection, NewJob(kind="analysis", payload={"n": 8}))
    payloads = [job.payload["n"] for job in queue.claim(store, "analysis", own_identity(), limit=9)]
    if payloads != ([7, 8] if version else [8]):
        found.append(f"the jobs are {payloads}")
    store.close()
    return found


def main(version: str, counted: str, *urls: str) -> None:
    prepare(counted, version)
    total = upgrade(counted, -1)
    wrong = {}
    kills = 0
    # Every statement where there are databases enough; spread over all of them otherwise.
    for number, url in enumerate(urls[:total]):
        prepare(url, version)
        at = number * total // min(total, len(urls))
        kills += killed(url, at)
        if found := look(url, version):
            wrong[at] = found
    print(json.dumps({"statements": total, "kills": kills, "wrong": wrong}))


if __name__ == "__main__":
    main(*sys.argv[1:])
