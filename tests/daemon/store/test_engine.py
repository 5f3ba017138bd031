"""Transactions end one of two ways: committed, or rolled back with nothing left behind, on whatever fails."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from daemon.domain.job import NewJob
from daemon.errors import StoreUnavailable
from daemon.store import migrate, queue
from daemon.store.engine import Store
from daemon.store.opening import open_store


def add(store: Store) -> None:
    with store.begin() as connection:
        queue.enqueue(connection, NewJob(kind="analysis"))


def jobs(store: Store) -> int:
    with store.read() as connection:
        return queue.counts(connection).get("analysis", {}).get("ready", 0)


def test_threads_share_a_store(store: Store) -> None:
    failed: list[BaseException] = []

    def use() -> None:
        try:
            for _ in range(20):
                add(store)
                jobs(store)
        except BaseException as error:  # noqa: BLE001 - a thread's error would be lost
            failed.append(error)

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert jobs(store) == 120


def test_a_listener_that_ends_while_it_is_rung_unmakes_no_commit(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bell = sqlite_store.bells.listen(["analysis"])
    write, closed = os.write, []

    def late(descriptor: int, data: bytes) -> int:
        if not closed:
            closed.append(True)
            bell.close()
        return write(descriptor, data)

    monkeypatch.setattr("daemon.store.fifo.os.write", late)
    add(sqlite_store)
    assert closed == [True]
    assert jobs(sqlite_store) == 1


def test_a_checkpoint_that_fails_unmakes_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a full disk, where the file of its lock cannot be made."""
    store = open_store(tmp_path / "secaid.db")
    migrate.upgrade(store)
    (tmp_path / "secaid.db-checkpoint").mkdir()
    monkeypatch.setattr("daemon.store.wal._COMMITS", 1)
    add(store)
    assert jobs(store) == 1
    store.close()


def test_a_commit_that_fails_leaves_no_lock(sqlite_store: Store) -> None:
    with sqlite_store.begin() as connection:
        connection.execute(text("CREATE TABLE parents (id INTEGER PRIMARY KEY)"))
        connection.execute(
            text("CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)")
        )
    with pytest.raises(IntegrityError) as kept, sqlite_store.begin() as connection:
        connection.execute(text("INSERT INTO children VALUES (1)"))
    # While the error, and with it every frame it passed, is still held.
    other = sqlite3.connect(sqlite_store.path or "", timeout=0)
    other.execute("INSERT INTO parents VALUES (1)")
    other.close()
    assert kept.value is not None


def test_a_damaged_page_is_told_in_words(tmp_path: Path) -> None:
    store = open_store(tmp_path / "secaid.db")
    migrate.upgrade(store)
    for _ in range(100):
        add(store)
    store.close()
    path = tmp_path / "secaid.db"
    content = bytearray(path.read_bytes())
    # Not the first page: the file still opens.
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    store = open_store(path)
    with pytest.raises(StoreUnavailable, match="restore a backup"):
        jobs(store)
    with pytest.raises(StoreUnavailable, match="restore a backup"):
        add(store)
    store.close()


@pytest.mark.postgresql
def test_a_server_that_only_reads_is_waited_for(postgres_url: str) -> None:
    """As after a failover to a standby."""
    store = open_store(postgres_url)
    migrate.upgrade(store)
    store.close()
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        name = connection.engine.url.database
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    admin.dispose()
    with pytest.raises(StoreUnavailable, match="read-only"):
        add(store)
    store.close()


@pytest.mark.postgresql
def test_a_silent_server_is_noticed_within_a_lease_unless_the_url_says_otherwise(postgres_url: str) -> None:
    store = open_store(f"{postgres_url}&keepalives_count=9&options=-csearch_path%3Dtheirs")
    with store.read() as connection:
        parameters = connection.connection.dbapi_connection.info.get_parameters()
        assert connection.execute(text("SHOW search_path")).scalar() == "theirs"
        assert connection.execute(text("SHOW lock_timeout")).scalar() == "30s"
    assert parameters["keepalives_count"] == "9"
    assert (parameters["connect_timeout"], parameters["tcp_user_timeout"]) == ("10", "30000")
    store.close()
    again = open_store(store.url)
    with again.read() as connection:
        assert connection.execute(text("SHOW search_path")).scalar() == "theirs"
    again.close()


@pytest.mark.postgresql
def test_a_connection_that_was_lost_while_it_rested_is_replaced_unnoticed(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.store.opening._RESTED_SECONDS", 0.0)
    store = open_store(postgres_url)
    migrate.upgrade(store)
    add(store)
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    lost = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with admin.connect() as connection:
        assert connection.execute(text(f"{lost} AND datname = current_database()")).scalar()
    admin.dispose()
    add(store)
    assert jobs(store) == 2
    store.close()
