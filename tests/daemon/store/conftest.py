"""A store for the tests of result tables: real SQLite, made by the real migrations."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.store import migrate
from daemon.store.engine import Store
from daemon.store.opening import open_store


@pytest.fixture
def results_store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "results.db")
    migrate.upgrade(store)
    yield store
    store.close()
