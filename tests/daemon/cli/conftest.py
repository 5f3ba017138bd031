"""An installation of one test's own, and commands run in it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from daemon.cli.main import secaid
from daemon.store import migrate
from daemon.store.engine import Store
from daemon.store.opening import open_store

_FAKES = Path(__file__).parents[1] / "service" / "conftest.py"
_spec = importlib.util.spec_from_file_location("recording_supervisors", _FAKES)
assert _spec is not None
assert _spec.loader is not None
recording_supervisors = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recording_supervisors)
on_path = recording_supervisors.on_path
launchctl = recording_supervisors.launchctl


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`SECAID_HOME`, and a home folder for the supervisor's files."""
    folder = tmp_path / "secaid"
    folder.mkdir()
    monkeypatch.setenv("SECAID_HOME", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name in ("SECAID_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    # Where this checkout lies may be no place for a service; where secaid is installed for good is.
    monkeypatch.setattr("daemon.service.plan.lasting", lambda *_: "/opt/secaid/bin/python")
    return folder


@pytest.fixture
def database(home: Path) -> Any:
    """Its database, migrated."""
    store: Store = open_store(home / "secaid.db")
    migrate.upgrade(store)
    yield store
    store.close()


@pytest.fixture
def run(home: Path) -> Callable[..., Result]:
    """`secaid ARGUMENTS`."""

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(secaid, list(arguments))

    return invoke
