"""`secaid service` as a person types it, on a Mac and on Linux."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.errors import Unavailable
from daemon.service.unit import UNITS
from daemon.store import processes


@pytest.fixture
def mac(launchctl, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("daemon.service.backend.platform.system", lambda: "Darwin")
    monkeypatch.setattr("daemon.service.backend.os.getuid", lambda: 501)
    return launchctl


@pytest.fixture
def linux(on_path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("daemon.service.backend.platform.system", lambda: "Linux")
    folder = tmp_path / "user" / ".config" / "systemd" / "user"
    return on_path("systemctl", {"manager": True, "units": {}, "folder": str(folder)})


def alter(mac, unit: str, **changed: object) -> None:
    loaded = mac.state["loaded"]
    loaded[f"dev.secaid.{unit}"] |= changed
    mac.change(loaded=loaded)


@pytest.mark.parametrize("system", ["mac", "linux"])
def test_install_stop_start_uninstall_and_all_of_it_twice(system: str, request, run: Callable, home: Path) -> None:
    request.getfixturevalue(system)
    for command, changes in (
        ("install", len(UNITS)),
        ("install", 0),
        ("stop", len(UNITS)),
        ("stop", 0),
        ("start", len(UNITS)),
        ("start", 0),
        ("uninstall", len(UNITS)),
        ("uninstall", 0),
    ):
        result = run("service", command, "--json")
        assert result.exit_code == 0, result.output
        assert len(json.loads(result.stdout)["done"]) == changes, command
    assert run("service", "uninstall").stdout == "nothing to do\n"


def test_only_the_named_services_are_stopped(mac, run: Callable) -> None:
    run("service", "install")
    assert run("service", "stop", "training", "poll").exit_code == 0
    assert sorted(mac.state["loaded"]) == [f"dev.secaid.{unit}" for unit in ("analysis", "enrichment", "indexing")]
    assert run("service", "stop", "nonsense").exit_code == 2


def test_the_token_of_the_shell_is_not_written_anywhere(mac, run: Callable, tmp_path: Path, monkeypatch) -> None:
    token = "ghp_" + "q" * 36
    monkeypatch.setenv("SECAID_GITHUB_TOKEN", token)
    result = run("service", "install")
    assert "SECAID_GITHUB_TOKEN holds a secret" in result.stdout
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*.plist"))
    assert b"dev.secaid.poll" in written
    assert token.encode() not in written


def test_status_asks_launchd_and_the_database_and_exits_1_unless_all_is_well(mac, run: Callable, database) -> None:
    assert run("service", "status").exit_code == 1
    run("service", "install")
    for unit in UNITS:
        alter(mac, unit, pid=10_000_000)
    alter(mac, "poll", pid=os.getpid())
    with database.begin() as connection:
        processes.report(connection, "poller", "idle", heartbeat_seconds=60)
    found = json.loads(run("service", "status", "--json").stdout)
    by_unit = {one["unit"]: one for one in found["services"]}
    assert (by_unit["poll"]["health"], by_unit["poll"]["heartbeat_at"] > 0) == ("running", True)
    assert {by_unit[unit]["health"] for unit in UNITS if unit != "poll"} == {"starting"}
    assert (found["supervisor"], found["well"]) == ("launchd", True)
    assert run("service", "status").exit_code == 0


def test_a_crash_loop_is_told_with_its_last_words_by_service_status_and_by_status(
    mac, run: Callable, database, home: Path
) -> None:
    run("service", "install")
    alter(mac, "training", pid=os.getpid(), runs=57, outcome="\tlast exit code = 3\n")
    with database.begin() as connection:
        processes.report(connection, "worker", "idle", kind="training", heartbeat_seconds=60)
    (home / "logs" / "service" / "training.err").write_text("ImportError: no module named mlx\n")
    result = run("service", "status")
    assert result.exit_code == 1
    assert "✗ training    crash loop" in result.stdout
    assert "started 57 times, last exit 3" in result.stdout
    assert "| ImportError: no module named mlx" in result.stdout
    status = run("status")
    assert status.exit_code == 0
    assert "! the training service: crash loop: started 57 times" in status.stdout
    assert "analysis starting" in status.stdout
    services = json.loads(run("status", "--json").stdout)["services"]
    assert [one["health"] for one in services if one["unit"] == "training"] == ["crash loop"]


def test_a_database_that_cannot_be_read_is_told_and_the_rest_is_shown(mac, run: Callable, home: Path) -> None:
    run("service", "install")
    (home / "secaid.db").write_bytes(b"no database at all, but long enough to look like one" * 100)
    result = run("service", "status")
    assert result.exit_code == 1
    assert "! no heartbeats" in result.stdout
    assert "analysis" in result.stdout


def test_without_a_session_or_a_manager_it_is_exit_3_and_status_goes_on(request, run: Callable, database) -> None:
    mac = request.getfixturevalue("mac")
    run("service", "install")
    mac.change(session=False)
    result = run("service", "start")
    assert isinstance(result.exception, Unavailable)
    assert "log in at the Mac's screen" in str(result.exception)
    assert run("status").exit_code == 0


def test_a_system_with_neither_says_so(run: Callable, monkeypatch: pytest.MonkeyPatch, database) -> None:
    monkeypatch.setattr("daemon.service.backend.platform.system", lambda: "Plan9")
    assert "no service manager on Plan9" in str(run("service", "install").exception)
    assert run("status").exit_code == 0
