"""GitHub in this process, and one poller's installation."""

import importlib.util
from pathlib import Path

import pytest
import requests

from daemon.store import migrate
from daemon.store.opening import open_store


def _load(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


simulator = _load("simulator")
Station = _load("station").Station


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
