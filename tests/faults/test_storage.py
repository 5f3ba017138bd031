"""What is on the disk after a kill, a torn log, a full disk: sound, and with everything that was promised."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from daemon.domain.job import NewJob
from daemon.store import migrate, queue
from daemon.store.engine import Store
from daemon.store.opening import open_store

Script = Callable[..., Any]


def prepared(url: str, ledger: ModuleType) -> str:
    store = open_store(url)
    migrate.upgrade(store)
    ledger.prepare(store)
    store.close()
    return url


def test_a_kill_at_any_step_of_the_queue_loses_nothing(
    store_url: str, ledger: ModuleType, script: Script, full: int
) -> None:
    """SIGKILL at a line of Python, or at any moment, inside of each of the queue's operations."""
    found = script("steps.py", prepared(store_url, ledger), full or 4)
    assert found["clean"]
    assert sum(found["kills"].values()) > len(found["kills"])


def test_a_storm_of_kills_loses_nothing_and_does_nothing_twice(tmp_path: Path, script: Script, full: int) -> None:
    size = ("--jobs", 10_000, "--kills", 4 * full) if full else ("--jobs", 2_000, "--kills", 20)
    found = script("storm.py", "secaid", tmp_path, "--processes", 8, *size)
    assert (found["lost"], found["twice"], found["unsound"]) == (0, 0, [])
    assert found["kills"] >= 15


@pytest.mark.postgresql
def test_a_storm_of_kills_on_postgresql(tmp_path: Path, script: Script, postgres_url: str, full: int) -> None:
    size = ("--jobs", 10_000, "--kills", 4 * full) if full else ("--jobs", 1_000, "--kills", 10)
    found = script("storm.py", "secaid", tmp_path, "--url", postgres_url, "--processes", 8, *size)
    assert (found["lost"], found["twice"], found["unsound"]) == (0, 0, [])


def test_the_same_storm_and_the_same_check_find_what_persist_queue_does_twice(
    tmp_path: Path, script: Script, full: int
) -> None:
    """The positive control: a check that finds nothing anywhere proves nothing."""
    size = ("--jobs", 10_000, "--kills", full) if full else ("--jobs", 300, "--kills", 5)
    found = script("storm.py", "persist-queue", tmp_path, "--processes", 8, *size)
    assert found["twice"] + found["lost"] > 0


def test_a_log_torn_at_any_frame_holds_exactly_the_transactions_before(
    tmp_path: Path, ledger: ModuleType, full: int
) -> None:
    """What a power cut leaves: the database, and the write-ahead log up to some frame, or to the middle of one."""
    database, log = tmp_path / "live.db", tmp_path / "live.db-wal"
    store = open_store(database, checkpoint=False)
    migrate.upgrade(store)
    ledger.prepare(store)
    with store.read(), sqlite3.connect(database) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    promised = written(store, ledger, full or 3, log)
    frame, header = 24 + 4096, 32
    size = log.stat().st_size
    copies = 0
    for end in range(header, size + 1, frame):
        for cut in (end, end - random.randint(1, frame - 1)):
            if 0 <= cut <= size:
                promised_then = [id_ for id_, length in promised if length <= cut]
                judge_torn(tmp_path, database, log, cut, promised_then, ledger)
                copies += 1
    store.close()
    assert copies > 40


def written(store: Store, ledger: ModuleType, rounds: int, log: Path) -> list[tuple[int, int]]:
    """Jobs in all states, each with the log's length from which on it must be there."""
    promised = []
    for _ in range(rounds):
        for _ in range(3):
            with store.begin() as connection:
                added = queue.enqueue(connection, NewJob(kind="analysis", payload={"text": "x" * 3000}))
            promised.append((added.id, log.stat().st_size))
        first, second = queue.claim(store, "analysis", "far/?/ns/1/1", limit=2)
        with store.begin() as connection:
            ledger.write(connection, first)
            queue.finish(connection, first)
        with store.begin() as connection:
            queue.fail(connection, second, queue.Cause.ERROR, "broke", run_at=0.0)
    return promised


def judge_torn(folder: Path, database: Path, log: Path, cut: int, promised: list[int], ledger: ModuleType) -> None:
    copy = folder / "copy.db"
    shutil.copyfile(database, copy)
    with log.open("rb") as whole:
        folder.joinpath("copy.db-wal").write_bytes(whole.read(cut))
    store = open_store(copy)
    found = ledger.verdict(store, promised)
    store.close()
    for suffix in ("", "-wal", "-shm"):
        folder.joinpath(f"copy.db{suffix}").unlink(missing_ok=True)
    assert found.clean, (cut, found)


@pytest.mark.parametrize("version", ["", *migrate.versions()[:-1]])
def test_a_migration_killed_at_any_statement_leaves_the_schema_of_before(
    tmp_path: Path, script: Script, full: int, version: str
) -> None:
    databases = [tmp_path / f"{number}.db" for number in range(1 + (1000 if full else 4 if version else 12))]
    found = script("migrations.py", version, *databases)
    assert found["wrong"] == {}
    assert found["kills"] == min(found["statements"], len(databases) - 1)


@pytest.fixture
def postgres_urls(postgres_server: str, full: int) -> Iterator[list[str]]:
    admin = create_engine(postgres_server.format(database="postgres"), isolation_level="AUTOCOMMIT")
    names = [f"kill_{uuid.uuid4().hex}" for _ in range(1 + (80 if full else 3))]
    with admin.connect() as connection:
        for name in names:
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield [postgres_server.format(database=name) for name in names]
        for name in names:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.mark.postgresql
def test_a_migration_killed_on_postgresql(script: Script, postgres_urls: list[str]) -> None:
    found = script("migrations.py", "0001_queue", *postgres_urls)
    assert found["wrong"] == {}
    assert found["kills"] == min(found["statements"], len(postgres_urls) - 1)


def namespace() -> tuple[str, ...]:
    """What lets a script mount a small disk of its own."""
    prefix = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", "--mount")
    if shutil.which("unshare") is None:
        pytest.skip("a full disk needs a mount namespace: `unshare` is not installed (it comes with Linux)")
    tried = subprocess.run(
        [*prefix, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        pytest.skip(f"a full disk needs a mount, which this system does not permit: {tried.stderr.strip()}")
    return prefix


def test_a_full_disk_costs_no_job_and_no_attempt_and_leaves_no_half_file(tmp_path: Path, script: Script) -> None:
    found = script("full_disk.py", tmp_path, prefix=namespace())
    assert "No space left" in found["files"]["refused"]
    assert (found["files"]["kept"], found["files"]["left"]) == (True, [])
    commits = found["commits"]
    assert commits["clean"]
    assert commits["promised"] > 50
    assert min(commits["refused"].values()) > 0
    assert commits["attempts"] == [1]
