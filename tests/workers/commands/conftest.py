"""An installation of one test's own, with the scanners and the model of this checkout out of reach."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from daemon.cli.main import secaid


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "secaid"
    monkeypatch.setenv("SECAID_HOME", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("SECAID_VERIFICATION_SCANNERS", str(tmp_path / "scanners"))
    monkeypatch.setenv("SECAID_MODEL_DIRECTORY", str(tmp_path / "models"))
    for name in ("XDG_CONFIG_HOME", "SECAID_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def run(home: Path) -> Callable[..., Result]:
    """`secaid ARGUMENTS`, with what is typed."""

    def invoke(*arguments: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(secaid, list(arguments), input=typed)

    return invoke
