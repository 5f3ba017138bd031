"""Opens the database: SQLite by a path, PostgreSQL by a URL."""

from __future__ import annotations

import functools
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DisconnectionError

from daemon.store.bells import NotifyBells
from daemon.store.engine import Store

LOCK_SECONDS = 30.0
"""How long a write transaction waits for the write lock before it gives up."""

_RESTED_SECONDS = 0.5
_ATTENTIVE = {
    "connect_timeout": "10",
    "keepalives_idle": "20",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""libpq's parameters; seconds, and milliseconds for the last."""


def open_store(
    url_or_path: str | Path, *, lock_seconds: float = LOCK_SECONDS, synchronous: str = "NORMAL", checkpoint: bool = True
) -> Store:
    """Open the database at a path (SQLite, created when missing) or at a SQLAlchemy URL.

    Args:
        url_or_path: a file, `sqlite:///…` or `postgresql+psycopg://…`.
        lock_seconds: how long a write waits for the lock before `StoreUnavailable`.
        synchronous: SQLite's `synchronous`; NORMAL cannot corrupt, and may lose the last moments at a power cut.
        checkpoint: keep the write-ahead log short after commits.
    """
    location = str(url_or_path)
    url = make_url(location) if "://" in location else URL.create("sqlite", database=location)
    if url.get_backend_name() == "sqlite":
        # Only the dialect in use is imported: commands that a person waits for begin sooner.
        from daemon.store.sqlite import open_sqlite

        return open_sqlite(url, lock_seconds, synchronous, checkpoint=checkpoint)
    return _open_postgresql(url, lock_seconds)


def _open_postgresql(url: URL, lock_seconds: float) -> Store:
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    url = _attentive(url)
    milliseconds = int(lock_seconds * 1000)
    own = f"-c lock_timeout={milliseconds} -c timezone=UTC -c idle_in_transaction_session_timeout=600000"
    # The user's own options last: they win.
    options = f"{own} {url.query.get('options', '')}".strip()
    engine = create_engine(url, pool_size=2, connect_args={"options": options})
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", functools.partial(_ping_rested, engine))
    return Store(engine, NotifyBells(url))


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _ping_rested(engine: Engine, connection: Any, record: Any, _proxy: Any) -> None:
    """Make sure of a connection that was not used for a moment; one used just now is worth no round trip for that."""
    if time.monotonic() - record.info.get("used", float("inf")) < _RESTED_SECONDS:
        return
    dialect = engine.dialect
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        # The pool opens another one.
        raise DisconnectionError from error


def _attentive(url: URL) -> URL:
    """The URL, with what makes a connection notice within a lease that its server is gone without a word.

    By TCP's own rules that takes a quarter of an hour, in which a worker could neither renew a claim nor be stopped.
    What the URL says itself stands.
    """
    return url.set(query=_ATTENTIVE | dict(url.query))
