"""The store on SQLite: write-ahead log, one writer at a time, waiting in short naps."""

from __future__ import annotations

import collections
import contextlib
import os
import random
import sqlite3
import time
from pathlib import Path
from types import TracebackType

from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from daemon.store.bells import FifoBells
from daemon.store.engine import Store, collect_rings, translated
from daemon.store.prepared import driver
from daemon.store.wal import PATIENT_MILLISECONDS, Checkpointer

_PRAGMAS = (
    f"PRAGMA busy_timeout = {PATIENT_MILLISECONDS}",
    # Readers never wait for the writer, nor the writer for readers.
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = {synchronous}",
    "PRAGMA foreign_keys = ON",
    # A memory-mapped database turns a failing disk into a SIGBUS.
    "PRAGMA mmap_size = 0",
    "PRAGMA journal_size_limit = 67108864",
    # One process checkpoints at a time: see `daemon.store.wal`.
    "PRAGMA wal_autocheckpoint = 0",
    # On macOS a plain fsync leaves data in the drive's cache; elsewhere this does nothing.
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA trusted_schema = OFF",
    # KiB, taken as needed: the live part of a long queue fits.
    "PRAGMA cache_size = -16384",
)
_SHORTEST_NAP = 0.0003
"""Seconds. Longer than a transaction of the queue: who has the lock commits several before a rival wakes, with pages
that need not be read again, and on few cores the rivals' tries would cost it more than they win."""
_LONGEST_NAP = 0.02


_Kept = tuple[Connection, sqlite3.Connection, set[str]]
"""SQLAlchemy's connection, the driver's below it, and the kinds to wake when its transaction has committed."""


class SqliteStore(Store):
    """SQLite. Connections are kept, writing ones apart from reading ones, and set up once."""

    def __init__(self, path: Path, lock_seconds: float, synchronous: str, *, checkpoint: bool) -> None:
        # NullPool: this class keeps the connections itself.
        engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)
        super().__init__(engine, FifoBells(str(path)))
        self.lock_seconds = lock_seconds
        self._pragmas = [pragma.format(synchronous=synchronous) for pragma in _PRAGMAS]
        self._writers: collections.deque[_Kept] = collections.deque()
        self._readers: collections.deque[_Kept] = collections.deque()
        self._checkpointer = Checkpointer(path) if checkpoint else None

    def begin(self) -> _Transaction:
        """A write transaction; see `Store.begin`."""
        return _Write(self, self._writers)

    def read(self) -> _Transaction:
        """A read-only transaction; see `Store.read`."""
        return _Transaction(self, self._readers)

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database now, unless another process is doing it."""
        if self._checkpointer:
            kept = taken(self._readers) or self.connect(writing=False)
            self._checkpointer.run(kept[1])
            self._readers.append(kept)

    def close(self) -> None:
        """Close every connection that is not in use."""
        for kept in (self._writers, self._readers):
            while idle := taken(kept):
                idle[0].close()
        super().close()

    def connect(self, *, writing: bool) -> _Kept:
        """A new connection, set up."""
        connection = self.engine.connect()
        raw: sqlite3.Connection = driver(connection)
        # None: the driver opens no transaction by itself.
        raw.isolation_level = None
        # Zero: the write lock is waited for in `_insist`, in shorter naps than SQLite's own.
        last = "PRAGMA busy_timeout = 0" if writing else "PRAGMA query_only = ON"
        for pragma in (*self._pragmas, last):
            # Two who make a new database's log at the same moment are both refused, without SQLite's own waiting.
            _insist(raw, pragma, self.lock_seconds)
        rings: set[str] = set()
        collect_rings(connection, rings)
        return connection, raw, rings

    def committed(self, rings: set[str]) -> None:
        """After a commit: ring, and keep the log short. Whatever fails here must not look like a failed commit."""
        if rings:
            self.bells.after_commit(rings)
            rings.clear()
        if self._checkpointer and self._checkpointer.is_due():
            # The next commit finds it due still.
            with contextlib.suppress(DBAPIError, sqlite3.Error, OSError):
                self.checkpoint()


class _Transaction:
    """A read-only transaction. A class, not a generator: this is entered with every claim and every completion."""

    _writing = False

    def __init__(self, store: SqliteStore, idle: collections.deque[_Kept]) -> None:
        self._store = store
        self._idle = idle

    def __enter__(self) -> Connection:
        try:
            self._kept = taken(self._idle) or self._store.connect(writing=self._writing)
        except (DBAPIError, sqlite3.Error) as error:
            raise translated(error) from error
        try:
            self._start(self._kept[1])
        except BaseException as error:
            self._drop()
            if isinstance(error, sqlite3.Error):
                raise translated(error) from error
            raise
        return self._kept[0]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection, raw, _ = self._kept
        if error is None:
            try:
                _end(connection, raw)
            except BaseException as failure:
                self._drop()
                if isinstance(failure, DBAPIError | sqlite3.Error):
                    raise translated(failure) from failure
                raise
            self._idle.append(self._kept)
            return
        self._drop()
        # Not only operational errors: a damaged page is told when it is read.
        if isinstance(error, DBAPIError | sqlite3.Error) and (told := translated(error)) is not error:
            raise told from error

    def _start(self, raw: sqlite3.Connection) -> None:
        raw.execute("BEGIN")

    def _drop(self) -> None:
        """Close the connection now, not when the error's traceback is forgotten: whatever it was in the middle of is
        rolled back, it holds no lock any more, and nobody finds it in that state.
        """
        connection, _, rings = self._kept
        rings.clear()
        with contextlib.suppress(DBAPIError, sqlite3.Error):
            connection.close()


class _Write(_Transaction):
    """A write transaction, with bells to ring when it has committed."""

    _writing = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if error is None:
            self._store.committed(self._kept[2])

    def _start(self, raw: sqlite3.Connection) -> None:
        _insist(raw, "BEGIN IMMEDIATE", self._store.lock_seconds)


def open_sqlite(url: URL, lock_seconds: float, synchronous: str, *, checkpoint: bool) -> SqliteStore:
    """Open the file, created for its owner alone when missing; see `opening.open_store`."""
    path = Path(url.database or "").absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Findings tell how to break in.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return SqliteStore(path, lock_seconds, synchronous, checkpoint=checkpoint)


def sqlite_risk(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> str | None:
    """What is known to be wrong with this SQLite; None where nothing is."""
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    if fixed:
        return None
    name = ".".join(map(str, version))
    return (
        f"SQLite {name} can corrupt a database when two processes reset its write-ahead log at once "
        "(fixed in 3.51.3, 3.50.7 and 3.44.6); secaid lets one process checkpoint at a time, "
        "and no other program should write to its database"
    )


def taken(idle: collections.deque[_Kept]) -> _Kept | None:
    """A connection that nobody uses, or None: another thread may have been quicker since the last look."""
    try:
        return idle.pop()
    except IndexError:
        return None


def _end(connection: Connection, raw: sqlite3.Connection) -> None:
    """Commit. SQLAlchemy begins its own transaction with its first statement, if there is one at all, and must end
    it itself to know of it; the driver's is the same one.
    """
    if connection.in_transaction():
        connection.commit()
    else:
        raw.execute("COMMIT")


def _insist(connection: sqlite3.Connection, statement: str, lock_seconds: float) -> None:
    """Run a statement that takes a lock, waiting for it in short random naps.

    SQLite's own waiting sleeps up to 100 ms at a time, in step with its rivals. A nap here lasts about as long as the
    wait so far, and never long: a lock held for a moment is handed over soon, and one held for long costs no CPU.
    """
    began = time.monotonic()
    while True:
        try:
            connection.execute(statement).close()
        except sqlite3.OperationalError as error:
            waited = time.monotonic() - began
            if "locked" not in str(error) or waited >= lock_seconds:
                raise
            nap = min(max(_SHORTEST_NAP, waited), _LONGEST_NAP)
            time.sleep(nap * random.uniform(0.5, 1.0))  # noqa: S311 - spreads rivals, protects nothing
        else:
            return
