"""Online backup, restore and integrity check of the SQLite database (`secaid doctor --backup`)."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

from daemon.errors import Permanent, SchemaMismatch, StoreUnavailable, Unavailable
from daemon.storage import replace, sync_tree
from daemon.store import migrate
from daemon.store.data_version import read_only
from daemon.store.engine import Store
from daemon.store.fifo import listeners
from daemon.store.identity import surely_gone
from daemon.store.opening import open_store
from daemon.store.processes import everyone


class BackupBroken(Permanent):
    """A backup failed its integrity check; it was not used."""


def backup(store: Store, target: Path) -> Path:
    """Copy the database while others use it. consumes a live store → produces one whole, checked file.

    Args:
        store: SQLite, or PostgreSQL, which its own `pg_dump` copies.
        target: a folder (the file is named by the time), or the file.

    Raises:
        BackupBroken: the copy fails its check, and was deleted.
        Unavailable: `pg_dump` is missing or fails.
    """
    if target.is_dir():
        suffix = "db" if store.path else "dump"
        target = target / f"secaid-{time.strftime('%Y%m%d-%H%M%S')}.{suffix}"
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.incoming")
    try:
        if store.path is None:
            _dump(store, aside)
        else:
            _copy(store.path, aside)
            _require_sound(aside)
        sync_tree(aside)
        replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)
    return target


def restore(source: Path, database: Path) -> Path | None:
    """Put a backup in the database's place; returns where the database that was there is kept, however damaged.

    A kill at any moment leaves the one or the other, whole.

    Raises:
        BackupBroken: the backup fails its check; nothing was changed.
        SchemaMismatch: a newer secaid wrote it; nothing was changed.
        Unavailable: processes of secaid use the database.
    """
    _require_sound(source)
    _require_known_schema(source)
    database.parent.mkdir(parents=True, exist_ok=True)
    kept = None
    if database.exists():
        _require_unused(database)
        kept = database.with_name(f"{database.name}.before-restore-{time.strftime('%Y%m%d-%H%M%S')}")
        _keep(database, kept)
    aside = database.with_name(f".{database.name}.incoming")
    shutil.copyfile(source, aside)
    aside.chmod(0o600)
    sync_tree(aside)
    for log in ("-wal", "-shm"):
        database.with_name(database.name + log).unlink(missing_ok=True)
    replace(aside, database)
    return kept


def integrity(store: Store) -> list[str]:
    """What is wrong with the database, by its own check; empty when nothing is."""
    if store.path is None:
        return []
    return problems(store.path)


def problems(database: Path) -> list[str]:
    """What SQLite's `integrity_check` and `foreign_key_check` say of a file; empty when nothing."""
    try:
        with contextlib.closing(sqlite3.connect(read_only(str(database)), uri=True, timeout=30)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [line for line in found if line != "ok"] + [f"a row of {row[0]} refers to nothing" for row in orphans]


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(source, timeout=30)) as live,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        # In one step, on one snapshot: with a write-ahead log nobody waits for it, and a copy in several steps
        # begins anew at every commit of somebody else's, for ever where they come often.
        live.backup(copy)
        # A backup is one file: without this it would look for a log of its own.
        copy.execute("PRAGMA journal_mode = DELETE")
    target.chmod(0o600)


def _keep(database: Path, kept: Path) -> None:
    """Copy what is to be replaced, and leave nothing in its log that the file would lack without it."""
    try:
        # Through SQLite: what is still in the write-ahead log belongs to it.
        _copy(database, kept)
        with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.DatabaseError:
        # Too damaged for SQLite to read, which is why people restore: as it lies there.
        shutil.copyfile(database, kept)
        log = database.with_name(f"{database.name}-wal")
        if log.exists():
            shutil.copyfile(log, kept.with_name(f"{kept.name}-wal"))
        kept.chmod(0o600)


def _dump(store: Store, target: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        message = "pg_dump is not on PATH: install PostgreSQL's client programs, or back the server up as you do others"
        raise Unavailable(message)
    url = store.engine.url.set(drivername="postgresql")
    # Arguments can be read by every user of the machine, so the password goes another way.
    secret = {"PGPASSWORD": str(url.password)} if url.password else {}
    bare = url.set(password=None).render_as_string(hide_password=False)
    command = [program, "--format=custom", f"--file={target}", f"--dbname={bare}"]
    done = subprocess.run(command, env=secret, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"pg_dump failed: {done.stderr.strip()[-500:]}"
        raise Unavailable(message)


def _require_sound(path: Path) -> None:
    found = problems(path)
    if found:
        message = f"{path} is damaged ({found[0]}): take an older backup"
        raise BackupBroken(message)


def _require_known_schema(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(read_only(str(path)), uri=True)) as connection:
        try:
            (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError as error:
            message = f"{path} is no database of secaid's: {error}"
            raise BackupBroken(message) from error
    if version not in migrate.versions():
        message = f"{path} is at version {version}, which this secaid does not know: update secaid, then restore"
        raise SchemaMismatch(message)


def _require_unused(database: Path) -> None:
    # A damaged database cannot tell who uses it; the doorbells can.
    alive = _registered(database) or listeners(str(database))
    if alive:
        message = f"secaid is running ({', '.join(alive)}): stop it first (`secaid service stop`), then restore"
        raise Unavailable(message)


def _registered(database: Path) -> list[str]:
    """The processes that live, by the database's own word: `analysis (4711)`."""
    store = open_store(database)
    try:
        if migrate.version(store) is None:
            return []
        with store.read() as connection:
            alive = [each for each in everyone(connection, one_host=True) if not surely_gone(each.id, one_host=True)]
    except StoreUnavailable:
        return []
    finally:
        store.close()
    return [f"{each.kind or each.role} ({each.pid})" for each in alive]
