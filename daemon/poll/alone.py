"""One poller at a time on one machine: they share the folder of begun downloads."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from daemon.errors import Unavailable
from daemon.storage import StorageUnavailable


@contextlib.contextmanager
def alone(file: Path) -> Iterator[None]:
    """Hold this lock. The system lets it go however this process ends.

    Raises:
        Unavailable: another process holds it.
        StorageUnavailable: the lock's folder cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        opened = file.open("w")
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}"
        raise StorageUnavailable(message) from error
    with opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            message = "another process of secaid is polling at this moment; nothing is left to do here"
            raise Unavailable(message) from error
        yield
