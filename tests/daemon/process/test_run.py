"""`secaid run` as a process, and the idle worker as its own doorman."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from daemon.domain.job import NewJob
from daemon.process import doorman
from daemon.store import processes, queue
from daemon.store.identity import own_identity

RUN = """
import json, sys
from pathlib import Path
from daemon.domain.job import NewJob
from daemon.process.messages import to_child
from daemon.process.run import run
from daemon.store import queue
from daemon.store.opening import open_store

document = to_child(Path(sys.argv[1]).read_bytes())
seen = []

def poll():
    store = open_store(document.database)
    with store.begin() as connection:
        queue.enqueue(connection, NewJob(kind="quick", payload={"value": "polled"}))
    store.close()

counts = run(document.settings, document.folders(), until_idle=True, kinds=["quick", "alone"], poll=poll,
             on_progress=seen.append, database=document.database, child_command=sys.argv[2:])
print(json.dumps({"counts": counts, "seen": len(seen)}))
"""


PATIENCE = 120.0


def start_run(house, tmp_path: Path, child: list[str]) -> subprocess.Popen:
    import msgspec

    from daemon.process.messages import setup

    document = tmp_path / "setup.json"
    document.write_bytes(msgspec.json.encode(setup(house.settings, house.paths, house.store.url)))
    return subprocess.Popen([sys.executable, "-c", RUN, str(document), *child], stdout=subprocess.PIPE, text=True)


def workers_of(run: subprocess.Popen) -> list[psutil.Process]:
    found = []
    for each in psutil.Process(run.pid).children():
        # One that was killed stays for a moment, and has no command any more.
        with contextlib.suppress(psutil.NoSuchProcess):
            found += [each] if "daemon.process.serve" in each.cmdline() else []
    return found


def serves(worker: psutil.Process, kind: str) -> bool:
    try:
        return kind in worker.cmdline()
    except psutil.NoSuchProcess:
        return False


def test_a_run_until_idle_polls_works_and_survives_the_killing_of_its_workers(house, tmp_path, child_command) -> None:
    jobs = [house.add("alone", do="sleep", seconds=0.3) for _ in range(6)]
    blocked_for_ever = NewJob(kind="quick", after=(house.add("unserved"),))
    with house.store.begin() as connection:
        queue.enqueue(connection, blocked_for_ever)
    run = start_run(house, tmp_path, child_command)
    house.wait(lambda: run.poll() is not None or house.show(jobs[0]).state == "done")
    for _ in range(2):
        house.wait(lambda: any(serves(each, "alone") for each in workers_of(run)))
        killed = workers_of(run)
        for worker in killed:
            worker.kill()
        psutil.wait_procs(killed)
    said = json.loads(run.communicate(timeout=PATIENCE)[0].splitlines()[-1])
    assert run.returncode == 0
    assert said["counts"] == {"alone": {"done": 6}, "quick": {"done": 1, "blocked": 1}, "unserved": {"ready": 1}}
    assert said["seen"] > 2
    assert sorted(job for job, _ in house.effects())[:6] == sorted(jobs)
    assert len(house.effects()) == 7


def test_a_killed_run_takes_its_workers_along(house, tmp_path: Path, child_command) -> None:
    job = house.add("alone", do="sleep", seconds=20)
    run = start_run(house, tmp_path, child_command)
    house.wait_for(job, "claimed")
    family = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    run.communicate()
    _, left = psutil.wait_procs(family, timeout=PATIENCE)
    assert left == []


def test_an_interrupted_run_stops_in_order(house, tmp_path: Path, child_command) -> None:
    job = house.add("alone", do="sleep", seconds=20)
    run = start_run(house, tmp_path, child_command)
    house.wait_for(job, "claimed")
    # One that has run for less may end by itself, and is waited for.
    time.sleep(house.settings.queue.heartbeat_seconds)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=PATIENCE)
    assert (run.returncode, house.show(job).state, house.show(job).attempt) == (0, "ready", 0)


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
        return "daemon.process.doorman" in psutil.Process(worker.pid).cmdline()

    try:
        house.wait_for(house.add(), "done")
        house.wait(is_doorman)
        assert psutil.Process(worker.pid).memory_info().rss < 20 * 2**20
        with house.store.read() as connection:
            (row,) = processes.everyone(connection, one_host=True)
        assert (row.pid, row.state, row.stale) == (worker.pid, "idle", False)
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
    handlers = {number: signal.getsignal(number) for number in doorman.SIGNALS}
    try:
        with pytest.raises(BackAgainError, match="the-worker"):
            doorman.main([str(house.store.path), "quick", "the-worker"])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
