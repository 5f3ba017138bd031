"""GitHub in this process, and one poller's installation."""

import importlib.util
import shutil
from pathlib import Path

import msgspec
import pytest
import requests
from sqlalchemy import text

from daemon import settings as settings_module
from daemon.poll.github import Poller
from daemon.settings import Repository
from daemon.storage import FolderStorage
from daemon.store import migrate
from daemon.store.opening import open_store


def _load_simulator():
    spec = importlib.util.spec_from_file_location("simulator", Path(__file__).with_name("simulator.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


simulator = _load_simulator()


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


@pytest.fixture
def new_github(monkeypatch):
    """Makes one; the newest one is the network."""
    network = []
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", lambda _adapter, request, **_: network[-1].send(request))

    def make(skew=0.0):
        network.append(simulator.GitHub(skew=skew))
        return network[-1]

    return make


@pytest.fixture
def github(new_github):
    made = new_github()
    yield made
    assert made.violations == []


@pytest.fixture
def zipped():
    return simulator.zipped


@pytest.fixture(name="simulator")
def _simulator():
    return simulator


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """An empty database that only needs to be copied."""
    path = tmp_path_factory.mktemp("template") / "secaid.db"
    store = open_store(path)
    migrate.upgrade(store)
    store.checkpoint()
    store.close()
    return path


@pytest.fixture
def new_station(migrated):
    """Makes one that its caller closes."""

    def make(home, github, *repositories, **poll):
        return Station(home, github, *repositories, template=migrated, **poll)

    return make


@pytest.fixture
def station(tmp_path, github, migrated):
    opened = []

    def make(*repositories, **poll):
        made = Station(tmp_path / f"home{len(opened)}", github, *repositories, template=migrated, **poll)
        opened.append(made)
        return made

    yield make
    for one in opened:
        one.close()
