"""What every command starts with: settings, folders and the open store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import msgspec

from daemon import settings as settings_module
from daemon.paths import Paths
from daemon.settings import Settings
from daemon.storage import Storage, open_storage
from daemon.store import migrate
from daemon.store.engine import Store
from daemon.store.opening import open_store


class Here(msgspec.Struct, frozen=True):
    """The installation that a command runs in."""

    settings: Settings
    paths: Paths

    @property
    def database(self) -> str:
        """Where the database is."""
        return self.settings.database.url or str(self.paths.database)

    @property
    def storage(self) -> Storage:
        """Where artifacts and models are kept."""
        return open_storage(self.settings.storage.url, self.paths.data)


def here() -> Here:
    """Settings and folders, checked."""
    return Here(*settings_module.load())


@contextlib.contextmanager
def opened(where: Here) -> Iterator[Store]:
    """The store, with its schema up to date; closed afterwards."""
    store = open_store(where.database)
    try:
        migrate.upgrade(store)
        yield store
    finally:
        store.close()
