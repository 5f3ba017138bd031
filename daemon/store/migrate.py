"""Brings a database's schema to this program's, by Alembic, in one transaction.

The schema has a version: the name of the newest migration it was given. A killed upgrade leaves the
version and the tables of before; two programs that upgrade at once take turns.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from daemon.errors import SchemaMismatch
from daemon.resources import resource
from daemon.store.engine import Store

_LOCK = 7_305_114
"""PostgreSQL's advisory lock of an upgrade; any number that no other program uses."""


def versions() -> list[str]:
    """Every version this program knows, oldest first: the names of the files in `migrations/versions`."""
    return sorted(path.stem for path in resource("migrations", "versions").glob("[0-9]*.py"))


def version(store: Store) -> str | None:
    """The database's version; None for an empty database."""
    with store.read() as connection:
        return _version(connection)


def check(store: Store) -> None:
    """Make sure that this program may use the database.

    Raises:
        SchemaMismatch: it is newer or older than this program; the message says what to do.
    """
    found = version(store)
    _refuse_newer(found)
    if found != versions()[-1]:
        message = (
            f"the database is at version {found or 'none'}, and this program needs {versions()[-1]}: run `secaid setup`"
        )
        raise SchemaMismatch(message)


def upgrade(store: Store, target: str | None = None) -> bool:
    """Run the migrations the database lacks, up to `target` or the newest; False when it lacked none.

    Raises:
        SchemaMismatch: the database was written by a newer secaid. It is left as it is.
    """
    newest = target or versions()[-1]
    found = version(store)
    _refuse_newer(found)
    if found == newest:
        return False
    with store.begin() as connection:
        if store.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        _refuse_newer(_version(connection))
        _run(connection, newest)
    return True


def _run(connection: Connection, target: str) -> None:
    # Alembic costs a quarter of a second: only an upgrade pays for it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resource("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _refuse_newer(found: str | None) -> None:
    if found is not None and found not in versions():
        message = (
            f"the database is at version {found}, which this secaid does not know (it knows up to {versions()[-1]}): "
            "a newer secaid has used it. Update this one; nothing was changed"
        )
        raise SchemaMismatch(message)
