"""The example service, its script, and its history as a repository."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="session")
def examples() -> Path:
    return EXAMPLES


@pytest.fixture(scope="session")
def make_reports() -> ModuleType:
    """`examples/make_reports.py`, which is a script and in no package."""
    spec = importlib.util.spec_from_file_location("make_reports", EXAMPLES / "make_reports.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def checkout(make_reports: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The history, imported and checked out: the folder and the commit."""
    folder = tmp_path_factory.mktemp("history") / "orders"
    return folder, make_reports.restore(EXAMPLES / "history.fast-export", folder)
