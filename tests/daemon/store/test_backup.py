"""Backups are whole, checked, and never take the place of a database in use."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from daemon.domain.job import NewJob
from daemon.errors import SchemaMismatch, Unavailable
from daemon.store import backup, processes, queue
from daemon.store.engine import Store
from daemon.store.opening import open_store


def jobs_in(path: Path) -> int:
    store = open_store(path)
    with store.read() as connection:
        found = queue.counts(connection).get("analysis", {}).get("ready", 0)
    store.close()
    return found


def add(store: Store, number: int = 1) -> None:
    with store.begin() as connection:
        queue.enqueue_many(connection, [NewJob(kind="analysis")] * number)


def test_a_backup_taken_while_others_write_is_sound_and_restores(sqlite_store: Store, tmp_path: Path) -> None:
    add(sqlite_store, 2000)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            add(sqlite_store)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        (tmp_path / "backups").mkdir()
        made = backup.backup(sqlite_store, tmp_path / "backups")
    finally:
        stop.set()
        writer.join()
    assert backup.problems(made) == []
    assert list(made.parent.iterdir()) == [made]
    database = tmp_path / "restored" / "secaid.db"
    assert backup.restore(made, database) is None
    assert jobs_in(database) >= 2000
    assert database.stat().st_mode & 0o077 == 0


def test_a_restore_keeps_what_was_there_with_its_log(tmp_path: Path, sqlite_store: Store) -> None:
    made = backup.backup(sqlite_store, tmp_path / "empty.db")
    code = f"""
import os
from daemon.domain.job import NewJob
from daemon.store import queue
from daemon.store.opening import open_store
store = open_store({str(sqlite_store.path)!r})
with store.begin() as connection:
    queue.enqueue(connection, NewJob(kind="analysis"))
os._exit(0)
"""
    sqlite_store.close()
    subprocess.run([sys.executable, "-c", code], check=True)
    assert sqlite_store.path is not None
    assert sqlite_store.path.with_name("secaid.db-wal").stat().st_size > 0
    kept = backup.restore(made, sqlite_store.path)
    assert kept is not None
    assert (jobs_in(kept), jobs_in(sqlite_store.path)) == (1, 0)


def test_a_damaged_backup_is_refused_and_changes_nothing(sqlite_store: Store, tmp_path: Path) -> None:
    add(sqlite_store, 500)
    made = backup.backup(sqlite_store, tmp_path / "copy.db")
    content = bytearray(made.read_bytes())
    content[8192:24576] = os.urandom(16384)
    made.write_bytes(content)
    with pytest.raises(backup.BackupBroken, match="damaged"):
        backup.restore(made, tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()
    assert sqlite_store.path is not None
    assert backup.integrity(sqlite_store) == []


def test_a_backup_of_a_newer_schema_or_of_something_else_is_refused(sqlite_store: Store, tmp_path: Path) -> None:
    made = backup.backup(sqlite_store, tmp_path / "copy.db")
    with sqlite3.connect(made) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_future'")
    with pytest.raises(SchemaMismatch, match="update secaid"):
        backup.restore(made, tmp_path / "new.db")
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (a)").connection.close()
    with pytest.raises(backup.BackupBroken, match="no database of secaid's"):
        backup.restore(tmp_path / "other.db", tmp_path / "new.db")


def test_a_database_in_use_is_not_replaced(sqlite_store: Store, tmp_path: Path) -> None:
    made = backup.backup(sqlite_store, tmp_path / "copy.db")
    with sqlite_store.begin() as connection:
        processes.report(connection, "worker", "idle", kind="analysis", heartbeat_seconds=60)
    assert sqlite_store.path is not None
    with pytest.raises(Unavailable, match="stop it first"):
        backup.restore(made, sqlite_store.path)


@pytest.mark.postgresql
def test_postgresql_is_dumped_by_its_own_program(postgres_url: str, tmp_path: Path) -> None:
    store = open_store(postgres_url)
    made = backup.backup(store, tmp_path)
    store.close()
    assert made.read_bytes().startswith(b"PGDMP")


def test_a_backup_ends_although_others_commit_all_the_time(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copied in several steps, it would begin anew at each commit; here there is one after every step."""
    with sqlite_store.begin() as connection:
        queue.enqueue_many(connection, [NewJob(kind="analysis", payload={"text": "x" * 3000})] * 3000)
    steps = []

    class Watched(sqlite3.Connection):
        def backup(self, target: sqlite3.Connection, **given: object) -> None:
            def between(*_: int) -> None:
                steps.append(1)
                assert len(steps) < 20, "it does not end"
                add(sqlite_store)

            super().backup(target, progress=between, **given)  # type: ignore[arg-type]

    connect = sqlite3.connect
    monkeypatch.setattr(
        "daemon.store.backup.sqlite3.connect", lambda *given, **more: connect(*given, **more, factory=Watched)
    )
    made = backup.backup(sqlite_store, tmp_path / "copy.db")
    monkeypatch.undo()
    assert steps
    assert jobs_in(made) == 3000


@pytest.mark.parametrize("damage", ["all of it", "some pages"])
def test_a_backup_takes_the_place_of_a_damaged_database(sqlite_store: Store, tmp_path: Path, damage: str) -> None:
    add(sqlite_store, 500)
    made = backup.backup(sqlite_store, tmp_path / "copy.db")
    database = tmp_path / "damaged.db"
    content = bytearray(made.read_bytes())
    first = 0 if damage == "all of it" else 4096
    content[first:] = os.urandom(len(content) - first)
    database.write_bytes(content)
    database.with_name("damaged.db-wal").write_bytes(b"what was in the log")
    kept = backup.restore(made, database)
    assert kept is not None
    assert kept.read_bytes() == content
    assert jobs_in(database) == 500


def test_a_damaged_database_in_use_is_not_replaced_either(sqlite_store: Store, tmp_path: Path) -> None:
    """It cannot tell who uses it any more."""
    made = backup.backup(sqlite_store, tmp_path / "copy.db")
    database = tmp_path / "damaged.db"
    database.write_bytes(os.urandom(8192))
    damaged = open_store(database)
    bell = damaged.bells.listen(["analysis"])
    with pytest.raises(Unavailable, match=rf"analysis \({os.getpid()}\).*stop it first"):
        backup.restore(made, database)
    bell.close()
    backup.restore(made, database)
    damaged.close()
