"""Fixtures that several rooms share."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text

from daemon.store import migrate
from daemon.store.engine import Store
from daemon.store.opening import open_store

# No test is timed: a busy machine makes no example wrong.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def _postgres_binaries() -> Path | None:
    """The newest installed server: on PATH, or where Debian and Homebrew keep it."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/opt/homebrew/opt").glob("postgresql@*/bin")]
    return max((folder for folder in folders if (folder / "initdb").exists()), default=None, key=str)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A temporary PostgreSQL on a socket of its own; a URL with `{database}` in it."""
    binaries = _postgres_binaries()
    if binaries is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed, and CI must test on it")
        pytest.skip("PostgreSQL is not installed")
    # The server refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    # Short: a socket's path has about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if user:
            shutil.chown(folder, user)
        data = folder / "data"
        common = {"user": user, "check": True, "cwd": folder, "stdout": subprocess.DEVNULL}
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "secaid", "-A", "trust", "-E", "UTF8", "--no-sync"], **common
        )
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=200"
        control = [binaries / "pg_ctl", "-D", data, "-w", "-s", "-l", folder / "log"]
        subprocess.run([*control, "-o", options, "start"], **common)
        try:
            yield f"postgresql+psycopg://secaid@/{{database}}?host={folder}"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **common)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of one test's own."""
    database = f"test_{uuid.uuid4().hex}"
    admin = create_engine(postgres_server.format(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {database}"))
    yield postgres_server.format(database=database)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {database} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is: once SQLite, once PostgreSQL."""
    return str(tmp_path / "secaid.db") if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A migrated database, on SQLite and on PostgreSQL."""
    opened = open_store(store_url, lock_seconds=5)
    migrate.upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    """A migrated SQLite database."""
    opened = open_store(tmp_path / "secaid.db", lock_seconds=5)
    migrate.upgrade(opened)
    yield opened
    opened.close()
