"""How soon an idle process has the job that somebody else just committed, and what its idleness costs.

Both contenders idle at the same time, each in a process of its own: ours waits at the doorbell and claims, as
`daemon.process.worker` does; huey's is its own consumer with its own defaults.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import random
import time
from pathlib import Path
from typing import Any

_CONTEXT = multiprocessing.get_context("spawn")


def _secaid(place: str, pipe: Any) -> None:
    from daemon.store import queue
    from daemon.store.identity import own_identity
    from daemon.store.opening import open_store

    store = open_store(place)
    bell = store.bells.listen(["analysis"])
    pipe.send(os.getpid())
    while True:
        for job in queue.claim(store, "analysis", own_identity()):
            pipe.send(time.monotonic() - job.payload["at"])
            with store.begin() as connection:
                queue.finish(connection, job)
        bell.wait(15.0)


def _huey(place: str, pipe: Any) -> None:
    logging.disable(logging.CRITICAL)
    huey = _huey_queue(place, lambda at: pipe.send(time.monotonic() - at))
    pipe.send(os.getpid())
    huey.create_consumer(workers=1, worker_type="thread", periodic=False).run()


def _huey_queue(place: str, told: Any) -> Any:
    from huey import SqliteHuey

    huey = SqliteHuey(filename=place, results=False, timeout=30)
    huey.storage.conn.execute("PRAGMA synchronous = NORMAL")
    huey.wake = huey.task(name="wake")(told)
    return huey


def measure(folder: Path, times: int, idle_seconds: float) -> dict[str, tuple[list[float], float]]:
    """Contender → its latencies in seconds, sorted, and the CPU it took while idle, in seconds a second."""
    from adapters import Secaid

    from daemon.domain.job import NewJob
    from daemon.store import queue

    ours, theirs = str(folder / "ours.db"), str(folder / "theirs.db")
    Secaid.prepare(ours)
    store = Secaid(ours).store
    huey = _huey_queue(theirs, lambda at: None)

    def put_ours() -> None:
        with store.begin() as connection:
            queue.enqueue(connection, NewJob(kind="analysis", payload={"at": time.monotonic()}))

    puts = {"secaid": put_ours, "huey": lambda: huey.wake(time.monotonic())}
    pipes, processes = {}, []
    for name, target, place in (("secaid", _secaid, ours), ("huey", _huey, theirs)):
        pipes[name], end = _CONTEXT.Pipe()
        process = _CONTEXT.Process(target=target, args=(place, end), daemon=True)
        process.start()
        processes.append(process)
    pids = {name: pipe.recv() for name, pipe in pipes.items()}
    latencies: dict[str, list[float]] = {name: [] for name in pipes}
    for name, put in puts.items():
        put()
        pipes[name].recv()
    for _ in range(times):
        for name, put in puts.items():
            time.sleep(random.uniform(0.1, 0.6))
            put()
            latencies[name].append(pipes[name].recv())
    before = {name: _cpu(pid) for name, pid in pids.items()}
    time.sleep(idle_seconds)
    idle = {name: (_cpu(pid) - before[name]) / idle_seconds for name, pid in pids.items()}
    for process in processes:
        process.terminate()
        process.join()
    store.close()
    return {name: (sorted(latencies[name]), idle[name]) for name in pipes}


def _cpu(pid: int) -> float:
    import psutil

    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)
