"""Keeps SQLite's write-ahead log short, with one process checkpointing at a time.

Before 3.51.3 two processes that reset the log at the same moment can corrupt the database. So no
connection checkpoints by itself; whoever notices a long log takes a file lock first, and one who does
not get the lock goes on, because somebody is already at it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

_COMMITS = 2000
"""Own commits after which a process moves the log into the database."""
_LOOK_EVERY = 16
"""Commits between two looks at the log's size."""
_GROWN = 16 * 2**20
"""Bytes of growth that make a checkpoint due at once: somebody writes much in few commits."""
_LONG = 16 * 2**20
"""Writers that never pause leave a log of this length no moment to begin anew: they are held up for one."""
_TOO_LONG = 64 * 2**20
_HOLD_UP_MILLISECONDS = 100
"""The longest that a reader, which a log cannot begin anew beneath, may hold them up."""
PATIENT_MILLISECONDS = 5000
"""How long a connection otherwise waits where SQLite itself waits."""


class Checkpointer:
    """Decides when this process moves the log of one database."""

    def __init__(self, database: Path) -> None:
        self._log = database.with_name(database.name + "-wal")
        self._lock = database.with_name(database.name + "-checkpoint")
        self._commits = 0
        self._size = 0

    def is_due(self) -> bool:
        """Called after each commit. The file does not shrink when its content is moved, so commits are counted,
        too: each process moves the log after so many of its own, or when it sees that it has grown.
        """
        self._commits += 1
        return self._commits >= _COMMITS or (
            self._commits % _LOOK_EVERY == 0 and self.log_bytes() > self._size + _GROWN
        )

    def log_bytes(self) -> int:
        """The log's size now; 0 where there is none."""
        try:
            return self._log.stat().st_size
        except FileNotFoundError:
            return 0

    def run(self, connection: sqlite3.Connection) -> None:
        """Checkpoint, unless another process is at it."""
        with self._alone() as alone, contextlib.suppress(sqlite3.OperationalError):
            if alone:
                # PASSIVE waits for nobody, and the next writer begins the log anew if all of it was moved by then.
                _checkpoint(connection, "PASSIVE")
                if (length := self.log_bytes()) > _LONG:
                    # Little is left to move, so this takes moments; a very long file is cut, too.
                    connection.execute(f"PRAGMA busy_timeout = {_HOLD_UP_MILLISECONDS}").close()
                    try:
                        _checkpoint(connection, "TRUNCATE" if length > _TOO_LONG else "RESTART")
                    finally:
                        # The connection goes back to readers.
                        connection.execute(f"PRAGMA busy_timeout = {PATIENT_MILLISECONDS}").close()
        self._commits = 0
        self._size = self.log_bytes()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        descriptor = os.open(self._lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)


def _checkpoint(connection: sqlite3.Connection, mode: str) -> None:
    connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
