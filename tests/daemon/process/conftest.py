"""A migrated database with an `effects` table, and workers in processes of their own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from daemon import settings as settings_module
from daemon.domain.job import NewJob
from daemon.paths import Paths, paths
from daemon.process.messages import send, setup
from daemon.settings import Settings
from daemon.store import queue
from daemon.store.engine import Store

PATIENCE = 120.0
"""Seconds until a test gives up on what must happen, on a machine with much else to do."""
CHILD = [sys.executable, str(Path(__file__).with_name("child_for_tests.py"))]


class House:
    """One installation under test."""

    def __init__(self, store: Store, home: Path) -> None:
        self.store = store
        self.paths: Paths = paths({"SECAID_HOME": str(home)})
        self.settings = configured(home)
        self._running: list[tuple[subprocess.Popen[bytes], int]] = []
        with store.begin() as connection:
            connection.execute(text("CREATE TABLE effects (job INTEGER, token TEXT, value TEXT)"))

    def add(self, kind: str = "quick", /, **payload: object) -> int:
        with self.store.begin() as connection:
            return queue.enqueue(connection, NewJob(kind=kind, payload=payload)).id

    def worker(
        self, kind: str = "quick", *, program: Sequence[str] = ("-m", "daemon.process.serve"), **changed: object
    ) -> subprocess.Popen[bytes]:
        settings = change(self.settings, **changed)
        read, write = os.pipe()
        command = [sys.executable, *program, kind, "--from", str(read), *CHILD]
        process = subprocess.Popen(command, pass_fds=[read])
        os.close(read)
        send(write, setup(settings, self.paths, self.store.url))
        self._running.append((process, write))
        return process

    def changed(self, **changed: object) -> Settings:
        return change(self.settings, **changed)

    def show(self, job: int) -> queue.JobView:
        with self.store.read() as connection:
            view = queue.show(connection, job)
        assert view is not None
        return view

    def wait(self, done: Callable[[], object], seconds: float = PATIENCE) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.02)

    def wait_for(self, job: int, *states: str, seconds: float = PATIENCE) -> queue.JobView:
        self.wait(lambda: self.show(job).state in states, seconds)
        return self.show(job)

    def effects(self) -> list[tuple[int, str]]:
        with self.store.read() as connection:
            return [tuple(row) for row in connection.execute(text("SELECT job, token FROM effects"))]

    def close(self) -> None:
        for process, pipe in self._running:
            os.close(pipe)
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def configured(home: Path) -> Settings:
    defaults, _ = settings_module.load({"SECAID_HOME": str(home)})
    # The lease of every day: a machine with too much to do must not make a lost worker of one that only waits for its
    # turn. Tests in which a lease runs out ask for a short one.
    return change(defaults, heartbeat_seconds=0.3, lease_seconds=60, idle_exit_seconds=30)


def change(settings: Settings, **changed: object) -> Settings:
    for name, value in changed.items():
        sections = ("queue", "workers", "power")
        section = next(each for each in sections if name in getattr(settings, each).__struct_fields__)
        part = msgspec.structs.replace(getattr(settings, section), **{name: value})
        settings = msgspec.structs.replace(settings, **{section: part})
    return settings


@pytest.fixture
def house(sqlite_store: Store, tmp_path: Path) -> Iterator[House]:
    opened = House(sqlite_store, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def either_house(store: Store, tmp_path: Path) -> Iterator[House]:
    """On SQLite and on PostgreSQL."""
    opened = House(store, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def child_command() -> list[str]:
    """What runs the tests' jobs."""
    return CHILD
