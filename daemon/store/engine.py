"""An open database and its transactions, the same on SQLite and on PostgreSQL. `opening` opens one.

`Store.begin()` is a write transaction that commits when the block ends and rolls back when it raises;
on SQLite it holds the write lock from its first moment (`BEGIN IMMEDIATE`), so that it never fails half
way with a stale snapshot. `Store.read()` sees one snapshot and refuses to write.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError

from daemon.errors import StoreUnavailable
from daemon.store.bells import Bells

Transaction = Connection
"""What `Store.begin` and `Store.read` yield; rooms that speak no SQL name it so."""

_RINGS = "secaid.rings"
_OF_TRANSACTIONS = {"25"}
"""PostgreSQL's class of errors about a transaction's state: mistakes of the program, but for these."""
_SERVER_GONE = {"25006", "25P03"}
"""The server is a standby now and refuses to write; it ended a transaction that did nothing for long."""
_NOT_NOW = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
}


class Store:
    """An open database. Threads may share it; a forked process must open its own."""

    def __init__(self, engine: Engine, bells: Bells) -> None:
        self.engine = engine
        self.bells = bells
        dbapi = engine.dialect.loaded_dbapi
        # Core wraps the driver's errors; prepared statements raise them as they are.
        self._failed = (OperationalError, InternalError, dbapi.OperationalError, dbapi.InternalError)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @property
    def path(self) -> Path | None:
        """The SQLite file; None on PostgreSQL."""
        return Path(self.engine.url.database or "") if self.dialect == "sqlite" else None

    @property
    def url(self) -> str:
        """What opens it again, password included: for child processes, never for a log."""
        return self.engine.url.render_as_string(hide_password=False)

    def begin(self) -> AbstractContextManager[Connection]:
        """A write transaction. Bells asked for with `ring_on_commit` ring once it is durable.

        Raises:
            StoreUnavailable: locked for too long, disk full, or unreachable; nothing was written.
        """
        return self._begin()

    def read(self) -> AbstractContextManager[Connection]:
        """A read-only transaction on one snapshot.

        Raises:
            StoreUnavailable: the database cannot be reached.
        """
        return self._read()

    def checkpoint(self) -> None:
        """Move SQLite's write-ahead log into the database now, unless another process is doing it."""

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextlib.contextmanager
    def _begin(self) -> Iterator[Connection]:
        rings: set[str] = set()
        try:
            with self.engine.begin() as connection:
                collect_rings(connection, rings)
                yield connection
                self.bells.before_commit(connection, rings)
        except self._failed as error:
            raise translated(error) from error

    @contextlib.contextmanager
    def _read(self) -> Iterator[Connection]:
        try:
            with self.engine.connect() as connection, connection.execution_options(postgresql_readonly=True).begin():
                yield connection
        except self._failed as error:
            raise translated(error) from error


def collect_rings(connection: Connection, rings: set[str]) -> None:
    """Let `ring_on_commit` put the kinds to wake into this set."""
    connection.info[_RINGS] = rings


def ring_on_commit(connection: Connection, kind: str) -> None:
    """Wake the idle workers of `kind` when this transaction has committed."""
    connection.info[_RINGS].add(kind)


def translated(error: Exception) -> Exception:
    """The driver's "not now" errors → `StoreUnavailable`; a mistake in a statement stays what it is."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        # The low byte is the primary code; there is none where the driver itself refuses.
        passing = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF in _NOT_NOW
    else:
        state = getattr(cause, "sqlstate", None) or ""
        passing = state[:2] not in _OF_TRANSACTIONS or state in _SERVER_GONE
    if not passing:
        return error
    problem = str(cause).strip()
    return StoreUnavailable(f"the database cannot be used now: {problem}; {_advice(problem)}")


def _advice(problem: str) -> str:
    if "locked" in problem or "lock timeout" in problem:
        return "another program holds its write lock, and secaid goes on when that ends"
    if "full" in problem or "No space" in problem:
        return "free some disk space; nothing of this transaction was written"
    if "not a database" in problem or "malformed" in problem:
        return "restore a backup, or move the file away to begin anew (`secaid doctor` names it)"
    return "check that its file or server can be reached (`secaid doctor`)"


def scalar(connection: Connection, sql: str) -> Any:
    """The first value of a fixed statement: pragmas and server facts, which Core has no words for."""
    return connection.execute(text(sql)).scalar()
