"""Doorbells: wake an idle worker the moment its work is committed, without polling.

On SQLite each waiting process has a FIFO beside the database, `DATABASE-bells/KIND.PID`; a committer
writes one byte into each FIFO of the kind. `PRAGMA data_version` is the safety net for a ring that was
missed; a doorman, who opens no database, goes by the stamps of its files. On PostgreSQL `NOTIFY` travels
with the commit itself.
"""

from __future__ import annotations

import select
import time
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Protocol

from daemon.store.data_version import DataVersion
from daemon.store.fifo import ANY, FifoBell, Ringer
from daemon.store.prepared import driver

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine import URL

_CHANNEL = "secaid"
_LOOK_SECONDS = 1.0
"""Between two tries to reach a server that went away."""


class Bell(Protocol):
    """What one waiting process listens to."""

    def wait(self, seconds: float, also: Iterable[int] = ()) -> bool:
        """Sleep until a ring, a readable descriptor in `also`, or `seconds` later; True unless time ran out."""

    def close(self) -> None:
        """Stop listening."""


class Bells(Protocol):
    """How a database wakes its workers."""

    def before_commit(self, connection: Connection, kinds: Iterable[str]) -> None:
        """What must travel inside the transaction."""

    def after_commit(self, kinds: Collection[str]) -> None:
        """What must wait until the transaction is durable."""

    def listen(self, kinds: Iterable[str]) -> Bell:
        """A bell that rings for these kinds."""


class FifoBells:
    """SQLite's: FIFOs in one folder beside the database."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._ringer = Ringer(database)

    def before_commit(self, connection: Connection, kinds: Iterable[str]) -> None:
        """Nothing: a ring before the commit would wake a worker to nothing."""

    def after_commit(self, kinds: Collection[str]) -> None:
        """Ring at every listener's FIFO."""
        if kinds:
            self._ringer.ring(kinds)

    def listen(self, kinds: Iterable[str]) -> Bell:
        """Open one FIFO per kind."""
        return FifoBell(self._database, kinds, DataVersion(self._database))


class NotifyBells:
    """PostgreSQL's: `NOTIFY` inside the transaction, `LISTEN` on a connection of its own."""

    def __init__(self, url: URL) -> None:
        self._url = url.set(drivername="postgresql")

    def before_commit(self, connection: Connection, kinds: Iterable[str]) -> None:
        """The server delivers these when the transaction commits, and only then."""
        if rung := list(kinds):
            driver(connection).execute("SELECT pg_notify(%s, kind) FROM unnest(%s::text[]) AS kind", (_CHANNEL, rung))

    def after_commit(self, kinds: Collection[str]) -> None:
        """Nothing: the commit rang."""

    def listen(self, kinds: Iterable[str]) -> Bell:
        """Open a listening connection."""
        return NotifyBell(self._url.render_as_string(hide_password=False), kinds)


class NotifyBell:
    """One listening connection, opened again when the server went away."""

    def __init__(self, url: str, kinds: Iterable[str]) -> None:
        self._url = url
        self._kinds = set(kinds)
        self._connection: Any = None

    def wait(self, seconds: float, also: Iterable[int] = ()) -> bool:
        """Sleep until a ring, a readable descriptor in `also`, or `seconds` later."""
        import psycopg

        deadline = time.monotonic() + seconds
        others = list(also)
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._url, autocommit=True)
                self._connection.execute(f"LISTEN {_CHANNEL}")
                # What rang before nobody heard: look at the queue once more.
                return True
            while (left := deadline - time.monotonic()) > 0:
                ready, _, _ = select.select([self._connection.fileno(), *others], [], [], left)
                if set(ready) & set(others) or (ready and self._rung(self._connection)):
                    return True
        except psycopg.OperationalError:
            self._forget()
            select.select(others, [], [], max(0.0, min(_LOOK_SECONDS, deadline - time.monotonic())))
            return True
        return False

    def close(self) -> None:
        """Stop listening."""
        self._forget()

    def _rung(self, connection: Any) -> bool:
        rings = [notice.payload for notice in connection.notifies(timeout=0)]
        return any(kind in self._kinds or ANY in self._kinds for kind in rings)

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
