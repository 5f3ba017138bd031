"""An idle worker is woken by the commit of its kind's job, by no other kind's, and not before the commit."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import pytest

from daemon.domain.job import NewJob
from daemon.store import migrate, queue
from daemon.store.engine import Store
from daemon.store.opening import open_store


def add(store: Store, kind: str) -> None:
    with store.begin() as connection:
        queue.enqueue(connection, NewJob(kind=kind))


def test_a_bell_rings_for_its_kind(store: Store) -> None:
    with contextlib.closing(store.bells.listen(["analysis"])) as bell:
        # The first look of a bell on a server is for what came before it listened.
        bell.wait(0.1)
        timer = threading.Timer(0.2, add, [store, "analysis"])
        timer.start()
        assert bell.wait(30)
        timer.join()


def test_nothing_rings_for_a_transaction_that_is_rolled_back(store: Store) -> None:
    with contextlib.closing(store.bells.listen(["analysis"])) as bell:
        bell.wait(0.1)
        with contextlib.suppress(RuntimeError), store.begin() as connection:
            queue.enqueue(connection, NewJob(kind="analysis"))
            raise RuntimeError
        assert not bell.wait(0.3)


def test_a_missed_ring_is_made_up_for_by_the_version_of_the_data(sqlite_store: Store) -> None:
    """As when the FIFO was deleted by somebody who tidied up."""
    with contextlib.closing(sqlite_store.bells.listen(["analysis"])) as bell:
        assert sqlite_store.path is not None
        for fifo in Path(f"{sqlite_store.path}-bells").iterdir():
            fifo.unlink()
        add(sqlite_store, "analysis")
        assert bell.wait(60)
        # And it can be rung at again.
        (fifo,) = Path(f"{sqlite_store.path}-bells").iterdir()
        assert fifo.is_fifo()
        sqlite_store.bells.after_commit({"analysis"})
        assert bell.wait(60)


def test_who_rings_while_a_listener_starts_does_not_take_it_for_gone(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = os.mkfifo

    def rung_at_once(path: str, mode: int) -> None:
        make(path, mode)
        sqlite_store.bells.after_commit({"analysis"})

    monkeypatch.setattr("daemon.store.fifo.os.mkfifo", rung_at_once)
    with contextlib.closing(sqlite_store.bells.listen(["analysis"])) as bell:
        assert not bell.wait(0)
        sqlite_store.bells.after_commit({"analysis"})
        assert bell.wait(0)


def test_a_database_below_an_awkward_path_has_bells_too(tmp_path: Path) -> None:
    folder = tmp_path / "100% #1?"
    folder.mkdir()
    store = open_store(folder / "secaid.db")
    migrate.upgrade(store)
    with contextlib.closing(store.bells.listen(["analysis"])) as bell:
        add(store, "analysis")
        assert bell.wait(10)
    store.close()


def test_the_log_stays_short_while_two_write(sqlite_store: Store) -> None:
    assert sqlite_store.path is not None
    other = open_store(sqlite_store.path)
    for number in range(3200):
        add(other if number % 2 else sqlite_store, "analysis")
    log = Path(f"{sqlite_store.path}-wal").stat().st_size
    other.close()
    # Without checkpoints: 3,200 commits of at least two pages, 26 MB.
    assert log < 20 * 2**20
