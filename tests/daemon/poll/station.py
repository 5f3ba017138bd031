"""One poller's installation in front of a simulated GitHub."""

import shutil

import msgspec
from sqlalchemy import text

from daemon import settings as settings_module
from daemon.poll.github import Poller
from daemon.settings import Repository
from daemon.storage import FolderStorage
from daemon.store import migrate
from daemon.store.opening import open_store


class Station:
    """A poller with its database and folders, in front of a simulated GitHub."""

    def __init__(self, home, github, *repositories, template=None, **poll):
        self.home, self.github = home, github
        self.settings, self.paths = settings_module.load({"SECAID_HOME": str(home)})
        chosen = tuple(one if isinstance(one, Repository) else Repository(name=one) for one in repositories)
        changed = msgspec.structs.replace(self.settings.poll, repositories=chosen, **poll)
        self.settings = msgspec.structs.replace(self.settings, poll=changed)
        if template is not None and not self.paths.database.exists():
            home.mkdir(parents=True, exist_ok=True)
            shutil.copy(template, self.paths.database)
        self.staging = self.paths.staging
        self.token = lambda: self.github.token
        self.source = None
        self.storage = FolderStorage(self.paths.data)
        self.reopen()
        if template is None:
            migrate.upgrade(self.store)

    def reopen(self):
        """With a connection of its own, too."""
        self.store = open_store(self.paths.database, synchronous="OFF")
        self.restart()

    def restart(self):
        """As after a crash: only the database and the files are left."""
        self.poller = Poller(
            self.store,
            self.storage,
            self.settings,
            self.staging,
            token=lambda: self.token(),
            source=self.source,
            now=lambda: self.github.now,
            seconds_between_requests=0,
        )

    def poll(self, wait=None):
        """One round, then the wait that the poller asks for, or another."""
        seconds = self.poller.poll()
        self.github.now += seconds if wait is None else wait
        return seconds

    def rows(self, sql):
        with self.store.read() as conn:
            return [tuple(row) for row in conn.execute(text(sql))]

    def taken(self):
        """GitHub's ids of the artifacts that have an analysis job."""
        return sorted(
            int(id_)
            for (id_,) in self.rows(
                "SELECT a.external_id FROM artifacts a JOIN jobs j ON j.unique_key = 'analysis:' || a.id"
            )
        )

    def close(self):
        self.poller.close()
        self.store.close()
