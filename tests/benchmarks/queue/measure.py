"""Throughput of several processes on one queue, in jobs a second."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median
from typing import Any

_CONTEXT = multiprocessing.get_context("spawn")


@contextmanager
def database() -> Iterator[str]:
    """A place for a fresh SQLite queue, on the disk that the repository is on."""
    with tempfile.TemporaryDirectory(prefix="queue-", dir=Path.cwd(), ignore_cleanup_errors=True) as folder:
        yield str(Path(folder) / "queue.db")


class Crew:
    """Processes that stay for all rounds, so that no interpreter start is measured."""

    def __init__(self, processes: int) -> None:
        self._barrier = _CONTEXT.Barrier(processes)
        self._pipes = []
        self._processes = []
        for _ in range(processes):
            ours, theirs = _CONTEXT.Pipe()
            process = _CONTEXT.Process(target=_serve, args=(theirs, self._barrier), daemon=True)
            process.start()
            self._pipes.append(ours)
            self._processes.append(process)

    def rate(self, contender: Any, place: str, job: str, number: int, batch: int = 1) -> float:
        """Jobs a second, from the moment all start until the last one ends."""
        for pipe in self._pipes:
            pipe.send((contender, place, job, number // len(self._pipes), batch))
        spans = [pipe.recv() for pipe in self._pipes]
        for span in spans:
            if isinstance(span, BaseException):
                raise span
        done = sum(span[2] for span in spans)
        return done / (max(span[1] for span in spans) - min(span[0] for span in spans))

    def close(self) -> None:
        """End them."""
        for pipe in self._pipes:
            pipe.send(None)
        for process in self._processes:
            process.join()


def interleaved(rounds: int, runs: dict[str, Callable[[], float]]) -> dict[str, float]:
    """The median of each, all taken in turn so that a disturbance hits all alike."""
    figures: dict[str, list[float]] = {name: [] for name in runs}
    for round_ in range(rounds):
        # Another one begins each time.
        order = list(runs)
        shift = round_ % len(order)
        for name in order[shift:] + order[:shift]:
            figures[name].append(runs[name]())
    return {name: median(values) for name, values in figures.items()}


def _serve(pipe: Any, barrier: Barrier) -> None:
    while (order := pipe.recv()) is not None:
        contender, place, job, number, batch = order
        try:
            pipe.send(_run(contender(place), job, number, batch, barrier))
        except BaseException as error:  # noqa: BLE001 - the parent raises it
            barrier.abort()
            pipe.send(error)


def _run(queue: Any, job: str, number: int, batch: int, barrier: Barrier) -> tuple[float, float, int]:
    # Connections, compiled statements, caches: nobody's first job is measured.
    queue.put()
    queue.work()
    barrier.wait(60)
    start = time.perf_counter()
    if job == "put":
        for _ in range(number // batch):
            if batch > 1:
                queue.put_many(batch)
            else:
                queue.put()
        done = number // batch * batch
    elif hasattr(queue, "work_all"):
        queue.work_all()
        done = number
    else:
        done = 0
        while queue.work_many(batch) if batch > 1 else queue.work():
            done += 1
        done = done * batch if batch > 1 else done
    return start, time.perf_counter(), done
