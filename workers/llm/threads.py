"""As many BLAS threads as there are idle cores, where mlx computes on a CPU beside whatever else the machine does.

The threads of one multiplication wait for each other. On two idle cores a token of a small model took 0.13 s with one
thread and 0.08 s with two; beside two other busy processes 0.3 s with one and 1 to 2 s with two.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import psutil

_SECONDS = 0.5
"""Between two looks at what the machine does."""
_NEARLY = 0.3
"""Of a core: so much of what others do does not count."""


class Threads:
    """How many threads one multiplication has in this process; nothing to decide where no BLAS is told."""

    def __init__(self) -> None:
        self._use: Callable[[int], object] | None = None
        self._held: int | None = None
        self._used = 0
        self._telling = threading.Lock()

    def follow_load(self, use: Callable[[int], object], seconds: float = _SECONDS) -> None:
        """From now on, as long as this process lives, tell `use` how many are best whenever that changes."""
        self._use = use
        self._tell(affordable(0, 0, _cores()))
        threading.Thread(target=self._follow, args=(seconds,), name="threads", daemon=True).start()

    @contextlib.contextmanager
    def held(self, number: int) -> Iterator[None]:
        """So many, whatever the load: their number shows in the last digits of every result."""
        self._held = number
        self._tell(number)
        try:
            yield
        finally:
            self._held = None

    def _follow(self, seconds: float) -> None:
        before = _spent()
        while True:
            time.sleep(seconds)
            now = _spent()
            best, before = _best(before, now), now
            self._tell(best)

    def _tell(self, best: int) -> None:
        with self._telling:  # else a number chosen before one was held could be told after it
            number = self._held or best
            if self._use and number != self._used:
                self._used = number
                self._use(number)


THREADS = Threads()
"""Of this process."""


def affordable_now(seconds: float = _SECONDS) -> int:
    """The threads that the machine's load leaves to this process, after a look of so many seconds."""
    before = _spent()
    time.sleep(seconds)
    return _best(before, _spent())


def affordable(idle: float, own: float, cores: int) -> int:
    """The threads that neither wait for others nor make them wait.

    Args:
        idle: cores that nobody used, on average.
        own: cores that this process used; they stay its own.
        cores: those that it may use.
    """
    return max(1, min(cores, int(idle + own + _NEARLY)))


class _Spent(NamedTuple):
    """Seconds: by the clock, of all cores idle, of all threads of this process busy."""

    clock: float
    idle: float
    own: float


def _spent() -> _Spent:
    machine, own = psutil.cpu_times(), psutil.Process().cpu_times()
    idle = machine.idle + getattr(machine, "iowait", 0.0)
    return _Spent(time.monotonic(), idle, own.user + own.system)


def _best(before: _Spent, now: _Spent) -> int:
    wall = now.clock - before.clock
    return affordable((now.idle - before.idle) / wall, (now.own - before.own) / wall, _cores())


def _cores() -> int:
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
