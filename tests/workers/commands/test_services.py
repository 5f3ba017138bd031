"""`secaid setup --service`: the poller itself, started by the service manager, reads each repository, or says why not.

The managers are the recording ones, which start the poller's process in earnest; GitHub is the simulated one.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from daemon.service import reading
from workers.commands import setup as setting_up


def _module(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, Path(__file__).parents[2] / "daemon" / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


on_path = _module("service/conftest.py").on_path
simulator, served = _module("poll/simulator.py"), _module("poll/served.py")

KEYCHAIN = """
import os
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

class Chain(KeyringBackend):
    priority = 5
    def get_password(self, service, account):
        if os.environ["CHAIN"] == "locked":
            raise KeyringLocked("User interaction is not allowed")
        return os.environ["CHAIN"] or None
    def set_password(self, service, account, password):
        raise NotImplementedError
"""


@pytest.fixture
def github() -> Any:
    made = simulator.GitHub()
    made.repositories["octo/orders"] = []
    return made


@pytest.fixture
def installed(home: Path, tmp_path: Path, github: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable]:
    """Settings that watch `octo/orders` and `octo/site`, and the service manager of one system."""
    managers: list[Any] = []
    (tmp_path / "chain.py").write_text(KEYCHAIN)
    monkeypatch.setattr("daemon.service.plan.lasting", lambda *_: sys.executable)

    def make(system: str, start: Callable[[str, dict[str, Any]], Any], chain: str | None) -> Any:
        session = {
            "PYTHONPATH": f"{tmp_path}:{Path(setting_up.__file__).parents[2]}",
            "PYTHON_KEYRING_BACKEND": "chain.Chain",
            "CHAIN": chain or "",
        }
        monkeypatch.setattr("daemon.service.backend.platform.system", lambda: system)
        monkeypatch.setattr("daemon.service.backend.os.getuid", lambda: 501)
        folder = str(tmp_path / "user" / ".config" / "systemd" / "user")
        state: dict[str, Any] = (
            {"session": True, "loaded": {}, "disabled": [], "word": "disabled", "slow": 0}
            if system == "Darwin"
            else {"manager": True, "units": {}, "folder": folder}
        )
        managers.append(start("launchctl" if system == "Darwin" else "systemctl", state | {"starts": session}))
        return managers[-1]

    with served.served(github) as url:
        names = [{"name": "octo/orders"}, {"name": "octo/site"}]
        home.mkdir()
        (home / "config.yaml").write_text(json.dumps({"poll": {"repositories": names, "api_url": url}}))
        yield make
        for pid in (pid for manager in managers for pid in manager.state.get("started", [])):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    assert github.violations == []


def answer(result: Any) -> tuple[dict[str, str], dict[str, str]]:
    found = json.loads(result.stdout)
    return found["done"], found["failed"]


@pytest.mark.parametrize(("system", "name"), [("Darwin", "launchd"), ("Linux", "systemd")])
def test_each_repository_is_read_by_the_service_itself_and_again_once_it_is_mended(
    system: str, name: str, run: Callable, installed: Callable, on_path: Callable, github: Any
) -> None:
    manager = installed(system, on_path, github.token)
    result = run("setup", "--service", "--json")
    assert result.exit_code == 3
    done, failed = answer(result)
    (first,) = manager.state["started"]
    assert done["services"].count("is installed and") == 5
    read = done[f"octo/orders in {name}"]
    assert read.startswith(f"read by process {first}: ")
    # What it says at the end of its round, unless it is asked while it still fetches.
    assert re.search(r"asked GitHub at \S+ with the token in the keychain, again at |fetches what it found", read)
    assert failed.keys() == {f"octo/site in {name}"}
    assert "GitHub answers 404" in failed[f"octo/site in {name}"]
    assert "(`Actions: read`); then `secaid setup --service` again" in failed[f"octo/site in {name}"]
    assert f"waiting for the poller's own read inside {name} (60 s at most)" in result.stderr
    github.repositories["octo/site"] = []
    result = run("setup", "--service", "--json")
    done, failed = answer(result)
    assert (result.exit_code, failed) == (0, {})
    first, second = manager.state["started"]
    assert done["services"].endswith("is started anew")
    for repository in ("octo/orders", "octo/site"):
        assert done[f"{repository} in {name}"].startswith(f"read by process {second}: ")


def test_a_keychain_that_is_shut_there_is_told_and_what_this_shell_has_is_no_help(
    run: Callable, installed: Callable, on_path: Callable, github: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed("Darwin", on_path, "locked")
    monkeypatch.setenv("GH_TOKEN", github.token)
    result = run("setup", "--service")
    assert result.exit_code == 3
    assert result.stderr.count("the keychain does not open: User interaction is not allowed. Log in at the scr") == 2
    assert "This shell has a token in its environment, which services do not see: `secaid setup --token`" in (
        result.stderr
    )
    assert "✓ octo" not in result.stdout
    assert github.counts["requests"] == 0
    assert github.token not in result.output


def test_no_token_there_is_told_with_what_systemd_can_be_given(
    run: Callable, installed: Callable, on_path: Callable, github: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed("Linux", on_path, None)
    monkeypatch.setenv("SECAID_GITHUB_TOKEN", github.token)
    done, failed = answer(run("setup", "--service", "--json"))
    assert "SECAID_GITHUB_TOKEN holds a secret and is not written into the services" in done["services"]
    assert "not read: there is no GitHub token" in failed["octo/orders in systemd"]
    assert "`systemctl --user import-environment SECAID_GITHUB_TOKEN`" in failed["octo/site in systemd"]


def test_a_token_that_github_does_not_accept_is_told_at_the_first_and_not_shown_to_the_next(
    run: Callable, installed: Callable, on_path: Callable, github: Any
) -> None:
    installed("Linux", on_path, "ghp_" + "x" * 36)
    _, failed = answer(run("setup", "--service", "--json"))
    assert "octo/orders in systemd: GitHub answers 401" in failed["octo/orders in systemd"]
    assert "octo/site in systemd: not read: GitHub is not asked before" in failed["octo/site in systemd"]
    assert "GitHub answers 401 to /repos/octo/orders/" in failed["octo/site in systemd"]
    assert github.counts["requests"] == 1


def test_one_that_never_reports_is_told_with_its_last_words(
    run: Callable, installed: Callable, on_path: Callable, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = installed("Linux", on_path, None)
    manager.change(starts=None)
    monkeypatch.setattr(reading, "PATIENCE_SECONDS", 0.1)
    (home / "logs" / "service").mkdir(parents=True)
    (home / "logs" / "service" / "poll.err").write_text("ImportError: no module named github\n")
    units = {"secaid-poll.service": {"enabled": "enabled", "pid": 0, "shows": {"Result": "exit-code", "NRestarts": 4}}}
    manager.change(units=units)
    result = run("setup", "--service")
    assert result.exit_code == 3
    assert "octo/orders in systemd: not read: within 0.1 s no process of systemd's poll service" in result.stderr
    assert "crash loop" in result.stderr
    assert "| ImportError: no module named github" in result.stderr
    assert "`secaid logs --kind poll`" in result.stderr


def test_without_a_session_it_is_told_once_and_nobody_is_waited_for(
    run: Callable, installed: Callable, on_path: Callable
) -> None:
    installed("Darwin", on_path, None).change(session=False)
    result = run("setup", "--service", "--json")
    done, failed = answer(result)
    assert (result.exit_code, done) == (3, {})
    assert list(failed) == ["services"]
    assert "log in at the Mac's screen" in failed["services"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what this is about."""
    monkeypatch.setattr(setting_up.SCANNERS, "names", list)
    monkeypatch.setattr(setting_up.prepare, "model", lambda *_: "the model")
    monkeypatch.setattr(setting_up.prepare, "token", lambda *_: "the token")
    monkeypatch.setattr(setting_up, "checks", lambda _where: [])
    monkeypatch.setattr(setting_up, "find_token", lambda _url: "one")


def test_a_terminal_is_asked_and_nobody_else_gets_services_unasked(
    run: Callable, installed: Callable, on_path: Callable, github: Any, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = installed("Linux", on_path, github.token)
    github.repositories["octo/site"] = []
    assert run("setup", "--yes").exit_code == 0
    assert manager.calls == []
    with monkeypatch.context() as patched:
        patched.setattr(setting_up, "_asks", lambda *_: True)
        assert run("setup", typed="\ny\n\n").exit_code == 0, "empty is no"
        assert manager.calls == []
        result = run("setup", typed="\ny\ny\n")
    assert result.exit_code == 0, result.output
    assert "install the services now" in result.output
    assert "✓ octo/site in systemd" in result.output
    # Where they run, doing all of it again has them read again; where somebody has stopped them, it leaves them be.
    result = run("setup", "--yes")
    assert result.exit_code == 0
    assert "✓ octo/orders in systemd" in result.stdout
    assert len(manager.state["started"]) == 2
    run("service", "stop")
    result = run("setup", "--yes")
    assert result.exit_code == 0
    assert "octo/" not in result.stdout
    assert len(manager.state["started"]) == 2
