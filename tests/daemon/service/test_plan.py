"""What an installation is filled in with: an interpreter that stays, and no secret."""

from __future__ import annotations

import pytest

from daemon.errors import Unavailable
from daemon.paths import paths
from daemon.service import plan as planning
from daemon.service.plan import carry, lasting, plan


@pytest.mark.parametrize(
    ("executable", "stays"),
    [
        ("/Users/me/.local/pipx/venvs/secaid/bin/python", "/Users/me/.local/pipx/venvs/secaid/bin/python"),
        ("/opt/homebrew/Cellar/secaid/0.1.0/libexec/bin/python", "/opt/homebrew/opt/secaid/libexec/bin/python"),
        ("/usr/local/Cellar/python@3.12/3.12.4/bin/python3.12", "/usr/local/opt/python@3.12/bin/python3.12"),
    ],
)
def test_the_interpreter_is_named_by_a_path_that_survives_upgrades(executable: str, stays: str) -> None:
    assert lasting(executable, lambda _path: True) == stays
    assert lasting(executable, lambda _path: False) == executable


@pytest.mark.parametrize(
    "executable",
    [
        "/Users/me/.cache/uv/archive-v0/abc/bin/python",
        "/Users/me/.local/pipx/.cache/abc/bin/python",
        "/tmp/venv/bin/python",
        "/private/var/folders/x/venv/bin/python",
    ],
)
def test_an_interpreter_in_a_cache_is_refused(executable: str) -> None:
    with pytest.raises(Unavailable, match="install it for good"):
        lasting(executable, lambda _path: True)


def test_settings_of_the_shell_are_carried_and_secrets_are_not() -> None:
    carried, notes = carry(
        {
            "SECAID_HOME": "/data",
            "SECAID_ANALYSIS_MAX_NEW_TOKENS": "100",
            "OLMO_BASE_MODELS_DIR": "/models",
            "SECAID_GITHUB_TOKEN": "plain",
            "SECAID_DATABASE_URL": "postgresql://me:hunter2@db/secaid",
            "GH_TOKEN": "x",
            "HOME": "/root",
        }
    )
    assert carried == {
        "OLMO_BASE_MODELS_DIR": "/models",
        "SECAID_ANALYSIS_MAX_NEW_TOKENS": "100",
        "SECAID_HOME": "/data",
    }
    assert ["DATABASE_URL" in note or "GITHUB_TOKEN" in note for note in notes] == [True, True]
    assert "hunter2" not in str(notes)


def test_path_begins_with_the_interpreters_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning.sys, "executable", "/opt/secaid/bin/python")
    found, _ = plan(paths({"SECAID_HOME": "/data"}), {"PATH": "/somewhere/else"})
    assert found.environment["PATH"].split(":")[0] == "/opt/secaid/bin"
    assert "/usr/bin" in found.environment["PATH"].split(":")
    assert "/somewhere/else" not in found.environment["PATH"]
