"""SQLite's doorbell: FIFOs in the folder `DATABASE-bells`, one per waiting process and kind.

The idle doorman imports this module, so it imports next to nothing: not even pathlib, which would make it
a fifth larger, and no SQLite either.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import Protocol

    class Changes(Protocol):
        """Sees what other processes do to the database."""

        def __call__(self) -> object:
            """Something that differs from what the last call returned where there may have been a commit between."""

        def close(self) -> None:
            """Look no more."""


ANY = "any"
"""The kind of a bell that rings for every kind."""
_LOOK_SECONDS = 1.0
"""Between two looks for others' commits: what a missed ring can cost."""
_TICK_NANOSECONDS = 2_000_000_000
"""The coarsest file system's."""
_LIST_SECONDS = 0.002
"""How long a ringer goes by its list of listeners: who adds jobs as fast as can be need not look each time."""


class Ringer:
    """Rings at the FIFOs of one database. Threads may share it."""

    def __init__(self, database: str) -> None:
        self._folder = f"{database}-bells"
        self._listed: tuple[int, list[str]] = (-1, [])
        self._looked = -math.inf

    def ring(self, kinds: Collection[str]) -> None:
        """Write a byte into the FIFO of every listener to these kinds; remove those whose listener is gone.

        A ring that fails wakes nobody and hurts nobody: it follows a commit, which stands.
        """
        with contextlib.suppress(OSError):
            for name in self._names():
                kind = name.rpartition(".")[0]
                if kind in kinds or kind == ANY:
                    _ring(f"{self._folder}/{name}")

    def _names(self) -> list[str]:
        """The listeners; the folder is only looked at again after a moment, and only listed when it has changed."""
        now = time.monotonic()
        if now - self._looked < _LIST_SECONDS:
            return self._listed[1]
        names = self._renewed()
        self._looked = now
        return names

    def _renewed(self) -> list[str]:
        try:
            changed = os.stat(self._folder).st_mtime_ns
        except FileNotFoundError:
            self._listed = (-1, [])
            return []
        known, names = self._listed
        if known != changed:
            now = time.time_ns()
            names = os.listdir(self._folder)
            # A change within the same tick of the file system's clock would not show.
            self._listed = (changed if now - changed > _TICK_NANOSECONDS else -1, names)
        return names


class FifoBell:
    """One process' FIFOs, with `changes` as safety net."""

    def __init__(
        self, database: str, kinds: Iterable[str], changes: Changes, look_seconds: float = _LOOK_SECONDS
    ) -> None:
        """`changes` shows other processes' commits, and is looked at every `look_seconds`; the bell closes it."""
        self._look = look_seconds
        folder = f"{database}-bells"
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        self._fifos = [f"{folder}/{kind}.{os.getpid()}" for kind in kinds]
        self._descriptors = [_open_fifo(fifo) for fifo in self._fifos]
        # From now on no ringer goes by a list without this listener: who looks at the queue next misses nothing.
        time.sleep(2 * _LIST_SECONDS)
        self._changes = changes
        self._seen = changes()

    def wait(self, seconds: float, also: Iterable[int] = ()) -> bool:
        """Sleep until a ring, another process' commit, a readable descriptor in `also`, or `seconds` later."""
        deadline = time.monotonic() + seconds
        others = list(also)
        while True:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([*self._descriptors, *others], [], [], max(0.0, min(left, self._look)))
            for descriptor in ready:
                if descriptor in self._descriptors:
                    _drain(descriptor)
            changed = self._changed()
            if changed and not ready:
                self._mend()
            if ready or changed:
                return True
            if left <= self._look:
                return False

    def close(self) -> None:
        """Close and remove the FIFOs."""
        for fifo, descriptor in zip(self._fifos, self._descriptors, strict=True):
            os.close(descriptor)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(fifo)
        self._changes.close()

    def _mend(self) -> None:
        """Somebody committed and did not ring: make anew the FIFOs that were removed, by a ringer who met one that an
        earlier process of the same number left, or by hand.
        """
        for number, fifo in enumerate(self._fifos):
            if not os.path.exists(fifo):
                with contextlib.suppress(OSError):
                    anew = _open_fifo(fifo)
                    os.close(self._descriptors[number])
                    self._descriptors[number] = anew

    def _changed(self) -> bool:
        seen, self._seen = self._seen, self._changes()
        return seen != self._seen


def listeners(database: str) -> list[str]:
    """Who listens to the database's bells now: `analysis (4711)`."""
    folder = f"{database}-bells"
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    parts = [name.rpartition(".") for name in names if _is_heard(f"{folder}/{name}")]
    return [f"{kind} ({pid})" for kind, _, pid in parts]


def _is_heard(fifo: str) -> bool:
    try:
        os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _open_fifo(path: str) -> int:
    # Under another kind's name until somebody listens: a ringer would take its listener for gone, and remove it.
    folder, _, name = path.rpartition("/")
    unheard = f"{folder}/.{name}"
    with contextlib.suppress(FileExistsError):
        os.mkfifo(unheard, 0o600)
    # Both ways: with a writer of its own, the FIFO never reports "end of file" between two rings.
    descriptor = os.open(unheard, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    os.rename(unheard, path)
    return descriptor


def _drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 512):
            pass


def _ring(fifo: str) -> None:
    try:
        descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:
            # Nobody listens: its process was killed.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(fifo)
        return
    try:
        # A full FIFO has rung often enough; a broken one's listener ended this very moment.
        with contextlib.suppress(BlockingIOError, BrokenPipeError):
            os.write(descriptor, b"!")
    finally:
        os.close(descriptor)
