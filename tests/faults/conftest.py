"""What the fault suites share. `FAULT_ROUNDS` sets how often each is repeated; `make faults` asks for 50.

The scenarios that need processes of their own are scripts beside this file, which can be run by hand, too.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from daemon.store import migrate
from daemon.store.engine import Store
from daemon.store.opening import open_store

HERE = Path(__file__).parent


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"faults_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_process = _load(HERE.parent / "daemon" / "process" / "conftest.py")


@pytest.fixture(scope="session")
def full() -> int:
    """How many rounds a person asked for; 0 in the everyday suite."""
    return int(os.environ.get("FAULT_ROUNDS", "0"))


@pytest.fixture(scope="session")
def ledger() -> ModuleType:
    """The check."""
    return _load(HERE / "ledger.py")


@pytest.fixture
def script() -> Callable[..., Any]:
    """Run one of the scripts beside this file; its JSON."""

    def run(name: str, *arguments: object, prefix: tuple[str, ...] = ()) -> Any:
        command = [*prefix, sys.executable, str(HERE / name), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE.parents[1])
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)

    return run


@pytest.fixture
def house(sqlite_store: Store, tmp_path: Path) -> Iterator[Any]:
    """An installation whose workers run the tests' jobs, on SQLite."""
    opened = _process.House(sqlite_store, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def postgres_house(postgres_url: str, tmp_path: Path) -> Iterator[Any]:
    """The same on PostgreSQL."""
    store = open_store(postgres_url, lock_seconds=5)
    migrate.upgrade(store)
    opened = _process.House(store, tmp_path)
    yield opened
    opened.close()
    store.close()


@pytest.fixture
def child_command() -> list[str]:
    """What runs the tests' jobs."""
    command: list[str] = _process.CHILD
    return command
