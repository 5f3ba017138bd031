"""SQLite's doorbell: FIFOs in the folder `DATABASE-bells`, one per waiting process and kind.

The idle doorman imports this module, so it imports next to nothing: not even pathlib, which would make it
a fifth larger.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import sqlite3
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

ANY = "any"
"""The kind of a bell that rings for every kind."""
_LOOK_SECONDS = 1.0
"""Between two looks at `data_version`: what a missed ring can cost."""


def ring(database: str, kinds: Iterable[str]) -> None:
    """Write a byte into the FIFO of every listener to these kinds; remove those whose listener is gone."""
    folder = f"{database}-bells"
    wanted = {*kinds, ANY}
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir(folder):
            if name.rpartition(".")[0] in wanted:
                _ring(f"{folder}/{name}")


class FifoBell:
    """One process' FIFOs, with `data_version` as safety net."""

    def __init__(self, database: str, kinds: Iterable[str]) -> None:
        folder = f"{database}-bells"
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        self._fifos = [f"{folder}/{kind}.{os.getpid()}" for kind in kinds]
        self._descriptors = [_open_fifo(fifo) for fifo in self._fifos]
        self._connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, check_same_thread=False)
        self._seen = self._version()

    def wait(self, seconds: float, also: Iterable[int] = ()) -> bool:
        """Sleep until a ring, another process' commit, a readable descriptor in `also`, or `seconds` later."""
        deadline = time.monotonic() + seconds
        others = list(also)
        while True:
            left = deadline - time.monotonic()
            ready, _, _ = select.select([*self._descriptors, *others], [], [], max(0.0, min(left, _LOOK_SECONDS)))
            for descriptor in ready:
                if descriptor in self._descriptors:
                    _drain(descriptor)
            changed = self._changed()
            if ready or changed:
                return True
            if left <= _LOOK_SECONDS:
                return False

    def close(self) -> None:
        """Close and remove the FIFOs."""
        for fifo, descriptor in zip(self._fifos, self._descriptors, strict=True):
            os.close(descriptor)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(fifo)
        self._connection.close()

    def _changed(self) -> bool:
        seen, self._seen = self._seen, self._version()
        return seen != self._seen

    def _version(self) -> int:
        try:
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error:
            return -1


def _open_fifo(path: str) -> int:
    with contextlib.suppress(FileExistsError):
        os.mkfifo(path, 0o600)
    # Both ways: with a writer of its own, the FIFO never reports "end of file" between two rings.
    return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


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
        # A full FIFO has rung often enough.
        with contextlib.suppress(BlockingIOError):
            os.write(descriptor, b"!")
    finally:
        os.close(descriptor)
