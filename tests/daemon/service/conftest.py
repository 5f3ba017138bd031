"""Recording supervisors on PATH, and a plan to install."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.service.unit import Plan


class Fake:
    """A supervisor's command: what it was asked, and the state it answers from."""

    def __init__(self, folder: Path, state: dict[str, Any]) -> None:
        self._file = folder / "state.json"
        self._file.write_text(json.dumps(state | {"calls": [], "faults": []}))

    @property
    def calls(self) -> list[str]:
        return list(self.state["calls"])

    def forget(self) -> None:
        self.change(calls=[])

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._file.read_text())
        return found

    def change(self, **changed: Any) -> None:
        self._file.write_text(json.dumps(self.state | changed))

    def fail(self, verb: str, code: int, err: str, *, times: int = 1, target: str = "") -> None:
        fault = {"verb": verb, "code": code, "err": err, "times": times, "target": target}
        self.change(faults=[*self.state["faults"], fault])


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, dict[str, Any]], Fake]:
    """Puts a fake command on PATH."""

    def put(name: str, state: dict[str, Any]) -> Fake:
        folder = tmp_path / "fake"
        folder.mkdir()
        script = Path(__file__).with_name(f"fake_{name}.py")
        command = folder / name
        command.write_text(f"#!{sys.executable} -IS\n{script.read_text()}")
        command.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return Fake(folder, state)

    return put


@pytest.fixture
def launchctl(on_path: Callable[[str, dict[str, Any]], Fake]) -> Fake:
    """A launchd with an empty session of user 501."""
    return on_path(
        "launchctl",
        {
            "session": True,
            "loaded": {},
            "disabled": [],
            "disabled_says": [119, "Bootstrap failed: 119: Service is disabled"],
            "word": "disabled",
            "slow": 0,
        },
    )


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """What would be installed, with names that need escaping."""
    logs = tmp_path / "Logs & 100%" / "secaid"
    environment = {"PATH": "/opt/homebrew/bin:/usr/bin", "SECAID_HOME": str(tmp_path / 'my "home"')}
    return Plan(python="/Users/me/Application Support/venv/bin/python", environment=environment, logs=logs)
