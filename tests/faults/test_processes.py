"""Real workers with real children, killed, stopped, poisoned, locked out, under a wrong clock."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest
from sqlalchemy import create_engine, text

from daemon.process.messages import send, setup
from daemon.store import queue

HERE = Path(__file__).parent
PATIENCE = 120.0


def all_done(house: Any, jobs: list[int]) -> bool:
    return all(house.show(job).state == "done" for job in jobs)


def require_clean(house: Any, ledger: ModuleType, jobs: list[int]) -> None:
    found = ledger.verdict(house.store, jobs)
    assert found.clean, found


@pytest.mark.parametrize("victim", ["worker", "child"])
def test_processes_killed_at_random_moments(house: Any, ledger: ModuleType, full: int, victim: str) -> None:
    """Also between the child's commit and its word to the worker."""
    chance = random.Random(7)
    jobs: list[int] = []
    workers = [house.worker("analysis", max_attempts=1000), house.worker("analysis", max_attempts=1000)]
    jobs += [house.add("analysis") for _ in range(5)]
    house.wait(lambda: all_done(house, jobs))
    for _ in range(full or 4):
        jobs += [house.add("analysis", do="sleep", seconds=chance.choice([0, 0.1, 0.3])) for _ in range(4)]
        time.sleep(chance.random() * 0.6)
        number = chance.randrange(2)
        process = psutil.Process(workers[number].pid)
        if victim == "child":
            for child in process.children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        else:
            process.kill()
            workers[number].wait()
            workers[number] = house.worker("analysis", max_attempts=1000)
    house.wait(lambda: all_done(house, jobs))
    require_clean(house, ledger, jobs)
    assert sorted(job for job, _ in house.effects()) == jobs


def test_workers_stopped_past_their_lease_that_go_on(house: Any, ledger: ModuleType, full: int, tmp_path: Path) -> None:
    for number in range(full or 1):
        pid = tmp_path / f"pid-{number}"
        until = tmp_path / f"until-{number}"
        job = house.add("alone", do="deaf wait", until=str(until), pid=str(pid))
        worker = house.worker("alone")
        house.wait(lambda pid=pid: pid.exists() and pid.read_text())
        stopped = [worker.pid, int(pid.read_text())]
        for process in stopped:
            os.kill(process, signal.SIGSTOP)
        until.touch()
        other = house.worker("alone", lease_seconds=1.5)
        state = house.wait_for(job, "done")
        for process in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
        assert state.attempt == 2
        # The child of before has had its chance to commit when its worker can take a new job.
        later = house.add("alone")
        house.wait_for(later, "done")
        for process in (worker, other):
            process.terminate()
            process.wait(PATIENCE)
        require_clean(house, ledger, [job, later])


def test_poison_is_buried_with_its_reason_and_its_neighbours_live(house: Any, ledger: ModuleType, full: int) -> None:
    poison = {do: house.add(do=do) for do in ("segfault", "kill", "hoard", "exit")}
    good = [house.add() for _ in range(4)]
    house.worker(max_attempts=2 if full else 1)
    # Each takes a child along, and starting one is most of the work.
    house.wait(lambda: all(house.show(job).state == "dead" for job in poison.values()), 2 * PATIENCE)
    causes = {do: house.show(job).cause for do, job in poison.items()}
    assert causes == {"segfault": "crashed", "kill": "crashed", "hoard": "memory", "exit": "crashed"}
    house.wait(lambda: all(house.show(job).state == "done" for job in good))
    require_clean(house, ledger, [*good, *poison.values()])


def test_a_foreign_write_lock_costs_no_attempt(house: Any, ledger: ModuleType, full: int) -> None:
    """A job runs and another waits while another program holds the write lock for several leases."""
    seconds = 60.0 if full else 5.0
    # A heartbeat long enough for a machine with too much to do: it is what a worker has to renew when the lock is gone.
    short = {"lease_seconds": 2.5, "heartbeat_seconds": 2.0}
    running = house.add("analysis", do="sleep", seconds=1)
    waiting = house.add("analysis")
    house.worker("analysis", **short)
    house.worker("analysis", **short)
    house.wait_for(running, "claimed")
    foreign = sqlite3.connect(house.store.path, isolation_level=None, timeout=30)
    foreign.execute("BEGIN IMMEDIATE")
    time.sleep(seconds)
    foreign.execute("COMMIT")
    foreign.close()
    for job in (running, waiting):
        view = house.wait_for(job, "done", "dead")
        assert (view.state, view.attempt, view.failures) == ("done", 1, ())
    require_clean(house, ledger, [running, waiting])


@contextlib.contextmanager
def shifted_worker(house: Any, child: list[str], offset: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker, and its child, whose wall clock the test sets."""
    wrapped = [sys.executable, str(HERE / "shifted.py"), str(offset)]
    read, write = os.pipe()
    command = [*wrapped, "daemon.process.serve", "quick", "--from", str(read), *wrapped, child[-1]]
    process = subprocess.Popen(command, pass_fds=[read])
    os.close(read)
    send(write, setup(house.settings, house.paths, house.store.url))
    try:
        yield process
    finally:
        os.close(write)
        process.wait(PATIENCE)


@pytest.mark.parametrize("day", [86_400, -86_400])
def test_a_clock_set_by_a_day_while_jobs_run(
    house: Any, ledger: ModuleType, child_command: list[str], tmp_path: Path, day: int
) -> None:
    """No lease ends early, nothing runs twice, and what backed off is tried again in time."""
    offset = tmp_path / "offset"
    offset.write_text("0")
    with shifted_worker(house, child_command, offset), shifted_worker(house, child_command, offset):
        running = house.add(do="sleep", seconds=2.5)
        house.wait_for(running, "claimed")
        failing = house.add(do="first breaks")
        offset.write_text(str(day))
        for job in (running, failing):
            house.wait_for(job, "done")
    assert (house.show(running).attempt, house.show(failing).attempt) == (1, 2)
    require_clean(house, ledger, [running, failing])


def test_two_pollers_take_in_each_artifact_once(store_url: str, store: Any, tmp_path: Path, full: int) -> None:
    """Both are killed on the way and start again."""
    files = []
    for number in range(full or 8):
        folder = tmp_path / f"artifact-{number}"
        folder.mkdir()
        (folder / "report.sarif").write_text(json.dumps({"version": "2.1.0", "runs": [], "n": number}))
        files.append(str(folder))
    command = [sys.executable, str(HERE / "two_pollers.py"), store_url, str(tmp_path / "storage")]

    for kill_after in (0.9, 1.2, None):
        both = []
        for name in ("a", "b"):
            staging = tmp_path / f"staging-{name}"
            staging.mkdir(exist_ok=True)
            both.append(subprocess.Popen([*command, str(staging), *files], stdout=subprocess.DEVNULL))
        if kill_after is not None:
            time.sleep(kill_after)
            for process in both:
                process.kill()
        codes = [process.wait(60) for process in both]
    assert codes == [0, 0]
    with store.read() as connection:
        artifacts = connection.execute(text("SELECT count(*) FROM artifacts")).scalar()
        assert artifacts == len(files)
        assert queue.counts(connection) == {"analysis": {"ready": len(files)}}


@pytest.mark.postgresql
def test_workers_survive_the_loss_of_every_connection(postgres_house: Any, ledger: ModuleType) -> None:
    """The server is restarted, or a firewall forgets: nobody crashes, and no attempt is spent by it."""
    house = postgres_house
    workers = [house.worker("analysis"), house.worker("analysis")]
    jobs = [house.add("analysis", do="sleep", seconds=0.1) for _ in range(12)]
    house.wait(lambda: house.effects())
    admin = create_engine(house.store.url, isolation_level="AUTOCOMMIT")
    for _ in range(3):
        with admin.connect() as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                     "WHERE pid <> pg_backend_pid() AND datname = current_database()")
            )  # fmt: skip
        time.sleep(0.4)
    admin.dispose()
    house.wait(lambda: all_done(house, jobs))
    assert [worker.poll() for worker in workers] == [None, None]
    assert {(house.show(job).attempt, house.show(job).failures) for job in jobs} == {(1, ())}
    require_clean(house, ledger, jobs)
