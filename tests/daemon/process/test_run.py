"""`secaid run` as a process."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from daemon.domain.job import NewJob
from daemon.store import queue

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
