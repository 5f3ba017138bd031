"""Whether somebody has written, by the looks of the files: told one look late."""

from __future__ import annotations

from pathlib import Path

from daemon.domain.job import NewJob
from daemon.store import queue
from daemon.store.engine import Store
from daemon.store.written import Written


def test_a_commit_shows_at_the_second_look_and_only_once(sqlite_store: Store) -> None:
    written = Written(str(sqlite_store.path))
    before = written()
    assert written() == before
    with sqlite_store.begin() as connection:
        queue.enqueue(connection, NewJob(kind="analysis"))
    assert written() == before
    changed = written()
    assert changed != before
    assert written() == changed


def test_reading_does_not_show(sqlite_store: Store) -> None:
    with sqlite_store.read() as connection:
        queue.counts(connection)
    written = Written(str(sqlite_store.path))
    before = written()
    with sqlite_store.read() as connection:
        queue.counts(connection)
    assert [written(), written()] == [before, before]


def test_a_database_that_comes_goes_or_is_put_in_place_of_another_shows(tmp_path: Path) -> None:
    file = tmp_path / "secaid.db"
    written = Written(str(file))
    seen = [written()]
    other = tmp_path / "other"
    for change in (lambda: file.write_bytes(b"a"), lambda: (other.write_bytes(b"b"), other.rename(file)), file.unlink):
        change()
        written()
        seen.append(written())
    assert len(set(seen[:3])) == 3
    assert seen[3] == seen[0]
