"""A glance at a SQLite queue by one who may import nothing: the idle doorman.

Raw SQL and the standard library, because SQLAlchemy alone is three times as large as all the doorman needs.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_DUE = """
SELECT min(run_at) FROM jobs WHERE state = 'ready' AND kind = ?
AND kind NOT IN (SELECT kind FROM job_kinds WHERE paused_at IS NOT NULL)
"""
_CLAIMED = "SELECT 1 FROM jobs WHERE state = 'claimed' LIMIT 1"
_TOUCH = "UPDATE processes SET heartbeat_at = ?, heartbeat_seconds = ? WHERE id = ?"
_SIGN_OFF = "DELETE FROM processes WHERE id = ?"


def next_due(database: str, kind: str) -> float | None:
    """Seconds until there may be something for a worker: 0 also where claims may want reaping; None for nothing.

    A database that cannot be read now is the worker's to report: 0.
    """
    try:
        with _opened(database) as connection:
            if connection.execute(_CLAIMED).fetchone():
                return 0.0
            (run_at,) = connection.execute(_DUE, (kind,)).fetchone()
    except sqlite3.Error:
        return 0.0
    return None if run_at is None else max(0.0, run_at - time.time())


def touch(database: str, identity: str, seconds: float) -> None:
    """Send the process' heartbeat, if the database lets us, and say that the next one comes in so many seconds."""
    with contextlib.suppress(sqlite3.Error), _opened(database) as connection:
        connection.execute(_TOUCH, (time.time(), seconds, identity))


def sign_off(database: str, identity: str) -> None:
    """Tell that the process ends as it should, if the database lets us."""
    with contextlib.suppress(sqlite3.Error), _opened(database) as connection:
        connection.execute(_SIGN_OFF, (identity,))


@contextlib.contextmanager
def _opened(database: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(database, timeout=1.0, isolation_level=None)
    try:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        yield connection
    finally:
        connection.close()
