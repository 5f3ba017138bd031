"""`secaid status` sees at once what needs attention."""

from __future__ import annotations

import time

import pytest

from daemon.domain.job import NewJob
from daemon.store import processes, queue
from daemon.store.engine import Store
from daemon.store.overview import overview
from daemon.store.queue import Cause
from daemon.store.sqlite import sqlite_risk
from daemon.store.tables import queue as tables


def test_an_empty_queue_needs_nobody(store: Store) -> None:
    found = overview(store)
    assert (found.jobs, found.dead, found.paused, found.processes) == ({}, (), (), ())
    assert (found.attention, found.database_risk) == ((), sqlite_risk() if store.path else None)
    assert found.size.database > 0


def test_everything_that_needs_somebody_is_named(store: Store) -> None:
    now = time.time()
    with store.begin() as connection:
        for _ in range(2):
            queue.enqueue(connection, NewJob(kind="analysis"), now=now - 10_000)
        first = queue.enqueue(connection, NewJob(kind="enrichment")).id
        queue.enqueue(connection, NewJob(kind="training", after=(first,)))
        queue.enqueue(connection, NewJob(kind="indexing"))
        queue.pause(connection, "indexing", reason="tidying up")
        processes.report(connection, "worker", "idle", kind="analysis", heartbeat_seconds=60)
        connection.execute(
            tables.processes.insert().values(
                id="far/boot/ns/7/7",
                role="worker",
                kind="training",
                host="far",
                pid=7,
                state="working",
                started_at=0,
                heartbeat_at=now - 600,
                heartbeat_seconds=60,
            )
        )
    (dead,) = queue.claim(store, "enrichment", "w")
    (postponed,) = queue.claim(store, "analysis", "w")
    with store.begin() as connection:
        queue.fail(connection, dead, Cause.PERMANENT, "Traceback …\nReportBroken: no JSON", run_at=0, permanent=True)
        queue.postpone(connection, postponed, "no scanner", run_at=now + 300)
    found = overview(store)
    assert 9_000 < found.oldest_ready["analysis"] < 11_000
    assert [(group.kind, group.cause, group.jobs) for group in found.dead] == [("enrichment", "permanent", 1)]
    assert len(found.stuck) == 1
    assert [(each.kind, each.reason) for each in found.paused] == [("indexing", "tidying up")]
    assert [each.stale for each in found.processes] == [False, True]
    said = "\n".join(found.attention)
    for words in (
        "ReportBroken: no JSON",
        f"secaid jobs retry {dead.id}",
        f"1 job(s) wait for a dead or cancelled one (`secaid jobs show {found.stuck[0]}`)",
        "not available here",
        "has been ready for 2.8 h",
        "indexing is paused (tidying up)",
        "training worker 7",
    ):
        assert words in said, words


def test_a_kind_that_waits_for_mains_power_needs_nobody(store: Store) -> None:
    with store.begin() as connection:
        queue.enqueue(connection, NewJob(kind="training"), now=time.time() - 10_000)
        processes.report(connection, "worker", "idle", kind="training", heartbeat_seconds=60)
    assert "has been ready for 2.8 h" in "\n".join(overview(store).attention)
    with store.begin() as connection:
        processes.report(connection, "worker", "waiting", kind="training", note="on battery", heartbeat_seconds=60)
    assert "has been ready" not in "\n".join(overview(store).attention)


def test_a_full_disk_and_a_long_log_are_named(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.overview._LONG_LOG", 1)
    monkeypatch.setattr("daemon.store.overview._LITTLE_DISK", 2**62)
    with sqlite_store.begin() as connection:
        queue.enqueue(connection, NewJob(kind="analysis"))
    said = "\n".join(overview(sqlite_store).attention)
    assert "of disk are free" in said
    assert "the write-ahead log has grown to" in said


def test_the_versions_of_sqlite_that_can_corrupt_are_known() -> None:
    assert sqlite_risk((3, 40, 1))
    assert sqlite_risk((3, 51, 2))
    assert sqlite_risk((3, 45, 0))
    for fixed in ((3, 51, 3), (3, 52, 0), (3, 50, 7), (3, 44, 6)):
        assert sqlite_risk(fixed) is None
