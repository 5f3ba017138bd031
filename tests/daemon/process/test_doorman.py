"""An idle worker's doorman: small, heard of, woken by what is committed, whoever forgets to ring."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from daemon.process import doorman, rest
from daemon.store import processes, queue
from daemon.store.identity import _start, own_identity

PATIENCE = 120.0


def promised(house) -> list[float]:
    with house.store.read() as connection:
        return [one.heartbeat_seconds for one in processes.everyone(connection, one_host=True)]


def test_an_idle_worker_becomes_a_doorman_and_comes_back_for_work(house, tmp_path: Path, child_command) -> None:
    """The same process throughout; as a doorman it is small, and nobody misses it."""
    code = f"""
import sys
from daemon.process import serve
serve.COMMAND = {child_command!r}
sys.argv[0] = __file__
serve.serve("quick", *__import__("daemon.settings").settings.load(), child_command=serve.COMMAND,
            come_back=[sys.executable, __file__])
"""
    script = tmp_path / "worker.py"
    script.write_text(code)
    environment = {
        **os.environ,
        "SECAID_HOME": str(tmp_path),
        "SECAID_WORKERS_IDLE_EXIT_SECONDS": "1",
        "SECAID_QUEUE_HEARTBEAT_SECONDS": "0.3",
    }
    worker = subprocess.Popen([sys.executable, str(script)], env=environment)

    def is_doorman() -> bool:
        return "doorman" in psutil.Process(worker.pid).cmdline()

    try:
        house.wait_for(house.add(), "done")
        house.wait(is_doorman)
        assert psutil.Process(worker.pid).memory_info().rss < 14 * 2**20
        with house.store.read() as connection:
            (row,) = processes.everyone(connection, one_host=True)
        assert (row.pid, row.state, row.stale) == (worker.pid, "idle", False)
        house.wait(lambda: promised(house) == [doorman.BEAT_SECONDS])
        house.wait_for(house.add(), "done")
        house.wait(is_doorman)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0
        with house.store.read() as connection:
            assert processes.everyone(connection, one_host=True) == []
    finally:
        worker.kill()
        worker.wait()


class BackAgainError(Exception):
    """A doorman has become its worker."""


def test_a_doorman_comes_back_when_the_clock_was_set_back(house, monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry that is due in an hour by its clock may have been due in a minute; the worker sets that right."""
    house.add()
    (job,) = queue.claim(house.store, "quick", own_identity())
    with house.store.begin() as connection:
        queue.fail(connection, job, queue.Cause.ERROR, "it broke", run_at=time.time() + 3600)

    def come_back(command: list[str]) -> None:
        raise BackAgainError(*command)

    offsets = iter([1_000_000.0, 1_000_000.0 - 86_400])
    monkeypatch.setattr(doorman, "_clock", lambda: next(offsets))
    monkeypatch.setattr(doorman, "replace", come_back)
    # No copies of a process as large as this one.
    monkeypatch.setattr(doorman, "apart", lambda work, _signals: work())
    handlers = {number: signal.getsignal(number) for number in doorman.SIGNALS}
    try:
        with pytest.raises(BackAgainError, match="the-worker"):
            doorman.main([str(house.store.path), "quick", "the-worker"])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


@pytest.fixture
def resting(house, tmp_path: Path):
    """A real doorman who looks and beats at once, and leaves a file when he becomes the worker; its process."""
    code = f"""
import signal, sys
signal.signal(signal.SIGUSR1, lambda *_: print({{"sqlite3", "_sqlite3"}} & set(sys.modules) != set(), flush=True))
sys.path.insert(0, {str(Path(rest.COMMAND[-1]).parents[2])!r})
from daemon.process import doorman
doorman._LOOK_SECONDS, doorman.BEAT_SECONDS = 0.1, float(sys.argv[1])
doorman.main([{str(house.store.path)!r}, "quick", {shutil.which("touch")!r}, {str(tmp_path / "came back")!r}])
"""
    started = []

    def start(beat_seconds: float) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-I", "-S", "-c", code, str(beat_seconds)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def fifos(house) -> list[Path]:
    folder = Path(f"{house.store.path}-bells")
    return list(folder.glob("quick.*")) if folder.exists() else []


def test_a_job_of_which_nobody_told_is_found_by_the_looks_of_the_database(house, tmp_path: Path, resting) -> None:
    process = resting(3600)
    house.wait(lambda: fifos(house))
    time.sleep(0.5)
    (fifo,) = fifos(house)
    fifo.unlink()
    house.add()
    assert process.wait(PATIENCE) == 0
    assert (tmp_path / "came back").exists()


def test_a_writer_who_brings_no_work_leaves_him_at_rest(house, tmp_path: Path, resting) -> None:
    process = resting(3600)
    house.wait(lambda: fifos(house))
    (fifo,) = fifos(house)
    fifo.unlink()
    house.add("another")
    # He has looked: then he has made his FIFO anew.
    house.wait(lambda: fifos(house))
    time.sleep(0.5)
    assert process.poll() is None
    assert not (tmp_path / "came back").exists()


def test_his_heartbeats_are_sent_and_nothing_of_sqlite_stays_with_him(house, resting) -> None:
    process = resting(0.2)
    house.wait(lambda: fifos(house))
    *where, _, _ = own_identity().rsplit("/", 4)
    identity = "/".join((*where, str(process.pid), str(_start(process.pid))))

    def row() -> processes.ProcessView:
        with house.store.read() as connection:
            (found,) = [one for one in processes.everyone(connection, one_host=True) if one.pid == process.pid]
        return found

    with house.store.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO processes (id, role, kind, host, pid, state, started_at, heartbeat_at, heartbeat_seconds)"
            " VALUES (?, 'worker', 'quick', ?, ?, 'idle', 0, 0, 60)",
            (identity, where[0], process.pid),
        )
    house.wait(lambda: row().heartbeat_at > 0)
    first = row()
    assert first.heartbeat_seconds == 0.2
    house.wait(lambda: row().heartbeat_at > first.heartbeat_at)
    process.send_signal(signal.SIGUSR1)
    assert process.stdout.readline() == b"False\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    with house.store.read() as connection:
        assert [one for one in processes.everyone(connection, one_host=True) if one.pid == process.pid] == []


def test_all_who_rest_beat_at_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    beats = set()
    for now in (300.0, 420.5, 599.9):
        monkeypatch.setattr(doorman.time, "monotonic", lambda now=now: now)
        beats.add(doorman.next_beat())
    assert beats == {600.0}
