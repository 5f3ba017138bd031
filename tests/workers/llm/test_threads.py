"""A multiplication has no more threads than the machine has idle cores."""

from __future__ import annotations

import multiprocessing
import os
import queue

import pytest

from workers.llm.threads import Threads, affordable


@pytest.mark.parametrize(
    ("idle", "own", "cores", "threads"),
    [
        (2.0, 0.0, 2, 2),  # nobody does anything
        (0.0, 2.0, 2, 2),  # all that is done is its own
        (1.0, 1.0, 2, 2),
        (0.8, 1.0, 2, 2),  # others do next to nothing
        (0.0, 1.0, 2, 1),  # another process has the other core
        (0.0, 0.4, 2, 1),  # and it always has one
        (9.0, 1.0, 8, 8),  # not one more than it may use
        (5.0, 1.0, 16, 6),
    ],
)
def test_as_many_threads_as_idle_cores_and_own_ones(idle: float, own: float, cores: int, threads: int) -> None:
    assert affordable(idle, own, cores) == threads


def test_beside_busy_processes_it_is_one() -> None:
    busy = [multiprocessing.get_context("spawn").Process(target=_spin, daemon=True) for _ in range(os.cpu_count() or 1)]
    told: queue.Queue[int] = queue.Queue()
    for process in busy:
        process.start()
    try:
        Threads().follow_load(told.put, seconds=0.2)
        assert told.get(timeout=30) == 1
        # Whatever it was while they started, it comes to one: nothing else may be said for half a second then.
        last = 1
        while (said := _next(told)) is not None:
            last = said
        assert last == 1
    finally:
        for process in busy:
            process.kill()
            process.join()


def test_while_they_are_held_no_load_changes_them() -> None:
    told: queue.Queue[int] = queue.Queue()
    threads = Threads()
    threads.follow_load(told.put, seconds=0.01)
    with threads.held(1000):
        while told.get(timeout=30) != 1000:
            pass
        with pytest.raises(queue.Empty):
            told.get(timeout=0.5)
    assert told.get(timeout=30) <= (os.cpu_count() or 1)


def test_nothing_is_told_where_there_is_no_blas() -> None:
    with Threads().held(2):
        pass


def _next(told: queue.Queue[int]) -> int | None:
    try:
        return told.get(timeout=5)
    except queue.Empty:
        return None


def _spin() -> None:
    while True:
        pass
