"""Only the service's own process of now is believed, and one that is busy is not said to have failed to read."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from daemon.service import reading
from daemon.service.unit import UNITS, Plan, Seen
from daemon.store import cursors, migrate, processes
from daemon.store.engine import Store
from daemon.store.opening import open_store


class Manager:
    """A supervisor whose poller has this process' id, or none."""

    name = "launchd"

    def __init__(self, pid: int | None = None, *, restarts: bool = False) -> None:
        self.pid, self.restarts, self.done = pid, restarts, []

    def look(self, _plan: Plan) -> list[Seen]:
        return [Seen(unit=unit, installed=True, loaded=True, pid=self.pid) for unit in UNITS]

    def install(self, _plan: Plan) -> list[str]:
        if self.restarts:
            self.pid = 4711
        return ["installed"]

    def start(self, units: list[str]) -> list[str]:
        self.done.append(("start", *units))
        return ["started"]

    def restart(self, units: list[str]) -> list[str]:
        self.done.append(("restart", *units))
        return ["started anew"]


@pytest.mark.parametrize(
    ("manager", "done"),
    [
        (Manager(12, restarts=True), []),
        (Manager(12), [("restart", "poll")]),
        (Manager(None), [("start", "poll")]),
        (Manager(None, restarts=True), []),
    ],
)
def test_a_poller_that_the_installation_did_not_start_is_started_for_it(manager: Any, done: list, plan: Plan) -> None:
    assert reading.install(manager, plan)[0] == "installed"
    assert manager.done == done


@pytest.fixture
def store(tmp_path: Path) -> Any:
    made = open_store(tmp_path / "secaid.db")
    migrate.upgrade(made)
    yield made
    made.close()


def report(store: Store, state: str, note: str | None = None, **at: float) -> None:
    with store.begin() as conn:
        processes.report(conn, "poller", state, note=note, heartbeat_seconds=60, **at)


def polled(store: Store, repository: str, at: float, reason: str | None = None) -> None:
    with store.begin() as conn:
        cursors.save(conn, cursors.Cursor(repository=repository, polled_at=at, reason=reason))


def wait(store: Store, plan: Plan, *names: str, since: float) -> list[reading.Read]:
    return reading.wait(Manager(os.getpid()), plan, store, names, since=since, patience=0.0)


def test_one_that_was_read_is_told_though_the_poller_is_busy_with_it_and_the_next_is_not_yet(
    store: Store, plan: Plan
) -> None:
    now = time.time()
    report(store, "polling")
    polled(store, "o/a", time.time())
    first, second = wait(store, plan, "o/a", "o/b", since=now)
    assert (first.well, first.says) == (True, f"read by process {os.getpid()}: it fetches what it found there")
    assert (second.well, second.could_ask) == (False, True)
    assert "is still busy with others; `secaid doctor` later" in second.says


def test_what_was_read_before_the_process_began_says_nothing_of_it(store: Store, plan: Plan) -> None:
    now = time.time()
    polled(store, "o/a", now - 1.0)
    report(store, "waiting", "the keychain does not open")
    (one,) = wait(store, plan, "o/a", since=now)
    assert (one.well, one.could_ask, one.says) == (False, False, "not read: the keychain does not open")


def test_a_process_from_before_the_installation_is_not_believed(store: Store, plan: Plan) -> None:
    now = time.time()
    report(store, "idle", "asked GitHub", now=now - 5.0)
    polled(store, "o/a", now + 1.0)
    (one,) = wait(store, plan, "o/a", since=now)
    assert not one.well
    assert "no process of launchd's poll service reported a round" in one.says


def test_a_failure_that_the_process_met_is_told_as_it_was(store: Store, plan: Plan) -> None:
    now = time.time()
    report(store, "idle", "asked GitHub")
    polled(store, "o/a", time.time(), "GitHub answers 403")
    (one,) = wait(store, plan, "o/a", since=now)
    assert (one.well, one.says) == (False, "GitHub answers 403")
