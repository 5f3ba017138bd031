"""Claims of lost workers: taken at once where the loss is sure, after a silent lease where it is not."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from daemon.domain.job import Job, JobState, NewJob
from daemon.errors import LostClaim
from daemon.store import identity, queue
from daemon.store.engine import Store
from daemon.store.identity import boot_id, own_identity, surely_gone
from daemon.store.queue import Reaper

ELSEWHERE = "elsewhere/another-boot/ns/1/1"


class Observer:
    """A reaper whose clock the test turns."""

    def __init__(self, store: Store) -> None:
        self.clock = 0.0
        self.reaper = Reaper(store, lease_seconds=60, heartbeat_seconds=15, clock=lambda: self.clock)

    def look(self, *, after: float) -> list[int]:
        self.clock += after
        return self.reaper.reap()


def claimed(store: Store, worker: str, **wish: object) -> Job:
    with store.begin() as connection:
        queue.enqueue(connection, NewJob(kind="analysis", **wish))
    (job,) = queue.claim(store, "analysis", worker)
    return job


@pytest.fixture
def far_worker(store: Store) -> str:
    """A worker of which this machine cannot know whether it lives."""
    if store.dialect == "sqlite":
        host, boot, _, pid, start = own_identity().rsplit("/", 4)
        return "/".join((host, boot, "another-namespace", pid, start))
    return ELSEWHERE


def test_a_silent_worker_loses_its_job_after_a_lease_and_a_grace_within_two_leases(
    store: Store, far_worker: str
) -> None:
    job = claimed(store, far_worker)
    observer = Observer(store)
    assert observer.look(after=0) == []
    assert observer.look(after=59) == []
    assert observer.look(after=2) == []
    assert observer.look(after=15) == [job.id]
    assert observer.clock < 120
    with store.begin() as connection, pytest.raises(LostClaim):
        queue.finish(connection, job)
    (again,) = queue.claim(store, "analysis", own_identity())
    assert again.attempt == 2


def test_a_worker_that_renews_keeps_its_job_for_ever(store: Store, far_worker: str) -> None:
    job = claimed(store, far_worker)
    observer = Observer(store)
    for _ in range(20):
        assert observer.look(after=50) == []
        with store.begin() as connection:
            assert queue.renew(connection, [job]) == []


def test_a_worker_that_renews_within_the_grace_keeps_its_job(store: Store, far_worker: str) -> None:
    """Another program held the write lock for longer than a lease, so nobody could renew."""
    job = claimed(store, far_worker)
    observer = Observer(store)
    observer.look(after=0)
    assert observer.look(after=100) == []
    with store.begin() as connection:
        queue.renew(connection, [job])
    assert observer.look(after=20) == []
    assert observer.look(after=50) == []


def test_a_step_of_the_wall_clock_expires_nothing(store: Store, far_worker: str) -> None:
    claimed(store, far_worker)
    observer = Observer(store)
    observer.look(after=0)
    for day in (86_400.0, -86_400.0):
        observer.clock += 1
        assert observer.reaper.reap(now=2_000_000_000.0 + day) == []


def test_a_new_claim_of_the_same_job_starts_a_new_lease(store: Store, far_worker: str) -> None:
    job = claimed(store, far_worker)
    observer = Observer(store)
    observer.look(after=0)
    observer.clock += 59
    with store.begin() as connection:
        queue.postpone(connection, job, "away", run_at=0.0)
    queue.claim(store, "analysis", far_worker)
    assert observer.look(after=5) == []
    assert observer.look(after=50) == []


def test_a_job_whose_process_ended_is_taken_at_once(store: Store) -> None:
    code = "from daemon.store.identity import own_identity; print(own_identity())"
    gone = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    job = claimed(store, gone)
    kept = claimed(store, own_identity())
    assert Reaper(store, lease_seconds=60, heartbeat_seconds=15).reap() == [job.id]
    with store.read() as connection:
        assert queue.still_claimed(connection, kept)


def test_a_claim_from_before_a_reboot_is_taken_at_once_where_the_database_is_a_file(store: Store) -> None:
    job = claimed(store, ELSEWHERE)
    expected = [job.id] if store.dialect == "sqlite" else []
    assert Reaper(store, lease_seconds=60, heartbeat_seconds=15).reap() == expected


def test_a_job_that_loses_its_worker_at_the_last_attempt_is_dead_with_its_reason(store: Store) -> None:
    job = claimed(store, _dead_here(), max_attempts=1)
    Reaper(store, lease_seconds=60, heartbeat_seconds=15).reap()
    with store.read() as connection:
        view = queue.show(connection, job.id)
    assert view is not None
    assert (view.state, view.cause) == (JobState.DEAD, "worker-lost")
    assert "heartbeat" in view.failures[0].reason


def test_a_pid_that_was_given_to_another_process_is_not_taken_for_its_old_bearer() -> None:
    parts = own_identity().split("/")
    assert not surely_gone(own_identity(), one_host=True)
    assert surely_gone("/".join([*parts[:-1], "12345"]), one_host=True)
    assert not surely_gone("made-up", one_host=True)
    assert boot_id() != "?"


def test_setting_the_clock_makes_no_process_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no /proc, psutil tells; it moves a process' start with the wall clock."""
    monkeypatch.setattr(identity, "_PROC", False)
    before = identity._start(os.getpid())
    told = psutil.Process().create_time()
    linux = sys.modules["psutil._pslinux"]
    boot = linux.boot_time()
    monkeypatch.setattr(linux, "boot_time", lambda: boot + 86_400)
    assert psutil.Process().create_time() > told + 80_000
    assert identity._start(os.getpid()) == before
    assert identity._start(2**22 + 1) is None


def _dead_here() -> str:
    """A process of this machine that is no more."""
    return "/".join([*own_identity().split("/")[:-1], "1"])
