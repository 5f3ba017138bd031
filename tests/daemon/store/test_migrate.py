"""Migrations: equal to the tables, safe to kill at each statement, polite about a newer schema."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, text

from daemon.domain.job import NewJob
from daemon.errors import SchemaMismatch
from daemon.store import backup, migrate, queue
from daemon.store.engine import Store
from daemon.store.opening import open_store
from daemon.store.tables import poll as _poll
from daemon.store.tables import queue as _queue
from daemon.store.tables import results as _results
from daemon.store.tables.metadata import METADATA

TABLES = (_poll, _queue, _results)
"""Imported so that METADATA knows them."""


def test_the_migrations_make_exactly_the_declared_tables(store: Store) -> None:
    # On SQLite Alembic takes every empty-string default for a change.
    options = {"compare_type": True, "compare_server_default": store.dialect == "postgresql"}
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []


def test_the_partial_indexes_are_the_declared_ones(sqlite_store: Store) -> None:
    """Alembic does not compare their conditions."""
    with sqlite_store.read() as connection:
        made = connection.execute(text("SELECT sql FROM sqlite_master WHERE sql LIKE '%INDEX%WHERE%'")).scalars().all()
    fresh = open_store(sqlite_store.path.with_name("fresh.db"))  # type: ignore[union-attr]
    with fresh.begin() as connection:
        METADATA.create_all(connection)
        declared = connection.execute(text("SELECT sql FROM sqlite_master WHERE sql LIKE '%INDEX%WHERE%'")).scalars()
        assert sorted(made) == sorted(declared)
    fresh.close()


def test_an_upgrade_is_done_once(store: Store) -> None:
    migrate.check(store)
    assert not migrate.upgrade(store)


def test_a_newer_schema_is_refused_and_left_alone(store: Store) -> None:
    with store.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999_future'"))
    for refused in (migrate.upgrade, migrate.check):
        with pytest.raises(SchemaMismatch, match=r"9999_future.*newer secaid"):
            refused(store)
    assert migrate.version(store) == "9999_future"


def test_an_older_schema_is_named_with_what_to_do(tmp_path: Path) -> None:
    store = open_store(tmp_path / "old.db")
    with pytest.raises(SchemaMismatch, match="secaid setup"):
        migrate.check(store)
    migrate.upgrade(store, migrate.versions()[0])
    with pytest.raises(SchemaMismatch, match=migrate.versions()[0]):
        migrate.check(store)
    assert migrate.upgrade(store)
    migrate.check(store)
    store.close()


def test_two_upgrades_at_once_take_turns(store_url: str) -> None:
    def upgrade(_: int) -> str | None:
        store = open_store(store_url)
        try:
            migrate.upgrade(store)
            return migrate.version(store)
        finally:
            store.close()

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert set(pool.map(upgrade, range(3))) == {migrate.versions()[-1]}


KILLED = """
import os, sys
from sqlalchemy import event
from daemon.store import migrate
from daemon.store.opening import open_store
store = open_store(sys.argv[1])
left = int(sys.argv[2])
@event.listens_for(store.engine, "before_cursor_execute")
def count(*_):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), 9)
migrate.upgrade(store)
"""


def statements(folder: Path) -> int:
    store = open_store(folder / "counted.db")
    seen = []
    event.listen(store.engine, "before_cursor_execute", lambda *_: seen.append(1))
    migrate.upgrade(store)
    store.close()
    return len(seen)


def test_a_migration_killed_at_any_statement_leaves_the_schema_of_before(tmp_path: Path) -> None:
    """A few statements here; `make faults` kills at each one."""
    total = statements(tmp_path)
    every = int(os.environ.get("FAULTS", "0")) > 0
    for number in range(total) if every else (1, total // 2, total - 1):
        database = tmp_path / f"killed-{number}.db"
        done = subprocess.run([sys.executable, "-c", KILLED, str(database), str(number)], check=False)
        assert done.returncode == -9
        assert backup.problems(database) == []
        store = open_store(database)
        assert migrate.version(store) is None
        migrate.upgrade(store)
        migrate.check(store)
        with store.begin() as connection:
            queue.enqueue(connection, NewJob(kind="analysis"))
        store.close()
