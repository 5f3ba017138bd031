"""`secaid doctor`: every line that is not in order says how to mend it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from daemon.store import cursors, migrate
from daemon.store.opening import open_store


@pytest.fixture
def scannerless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is started to ask for its version: that is the scanners' own tests' business."""
    monkeypatch.setattr(
        "workers.commands.checks.available", lambda _folders: ([], {"zizmor": "zizmor is not installed"})
    )


def lines(result) -> dict[str, dict]:
    return {one["name"]: one for one in json.loads(result.stdout)}


def test_an_empty_machine_is_told_line_by_line_how_to_mend_it(run: Callable, home: Path, scannerless) -> None:
    found = lines(run("doctor", "--json"))
    assert found["zizmor"]["mend"].startswith("`secaid setup --scanners zizmor`")
    assert found["model"]["mend"] == "`secaid setup --model OLMo-2-0425-1B-Instruct-4bit`"
    assert found["settings"]["mend"] == "`secaid setup` writes one to begin with"
    assert found["database"]["mend"] == "`secaid setup`"
    assert not home.exists(), "looking has made something"
    assert all(one["mend"] for one in found.values() if one["health"] != "ok")
    assert all(one["mend"] is None for one in found.values() if one["health"] == "ok")


def test_it_is_the_same_report_for_a_person_and_exit_1_only_where_something_must_be_mended(
    run: Callable, home: Path, scannerless
) -> None:
    home.mkdir(mode=0o700)
    store = open_store(home / "secaid.db")
    migrate.upgrade(store)
    store.close()
    assert run("doctor").exit_code == 0
    shown = run("doctor").stdout
    assert "✓ database" in shown
    assert "→ `secaid setup --scanners zizmor`" in shown
    (home / "secaid.db").write_bytes(b"this is no database, and was never one" * 200)
    result = run("doctor")
    assert result.exit_code == 1
    assert "✗ database" in result.stdout
    assert "begin anew" in result.stdout


def test_folders_that_others_may_read_are_told(run: Callable, home: Path, scannerless) -> None:
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    assert lines(run("doctor", "--json"))["folders"]["mend"] == f"chmod 700 '{home}'"


def test_what_the_poller_last_met_is_told_for_every_repository(run: Callable, home: Path, scannerless) -> None:
    home.mkdir(mode=0o700)
    (home / "config.yaml").write_text("poll: {repositories: [{name: o/well}, {name: o/ill}, {name: o/new}]}")
    store = open_store(home / "secaid.db")
    migrate.upgrade(store)
    now = time.time()
    with store.begin() as conn:
        cursors.save(conn, cursors.Cursor(repository="o/well", polled_at=now, succeeded_at=now))
        refused = "GitHub answers 404; the token must be allowed to read this repository's Actions"
        cursors.save(conn, cursors.Cursor(repository="o/ill", polled_at=now, failures=3, reason=refused))
    store.close()
    result = run("doctor", "--json")
    found = lines(result)
    assert found["o/well"]["health"] == "ok"
    assert (found["o/ill"]["health"], "Actions" in found["o/ill"]["says"]) == ("mend", True)
    assert "never polled" in found["o/new"]["says"]
    assert result.exit_code == 1


def test_a_backup_is_made_first(run: Callable, home: Path, scannerless, tmp_path: Path) -> None:
    home.mkdir(mode=0o700)
    result = run("doctor", "--backup", str(tmp_path / "copy.db"))
    assert result.exit_code == 0
    assert (tmp_path / "copy.db").stat().st_size > 0


def test_a_hostile_reason_cannot_command_the_terminal(run: Callable, home: Path, monkeypatch) -> None:
    home.mkdir(mode=0o700)
    monkeypatch.setattr("workers.commands.checks.available", lambda _folders: ([], {"evil": "\x1b[2J\x9bgone"}))
    assert not set(run("doctor").stdout) & set("\x1b\x9b")
    assert msgspec.json.decode(run("doctor", "--json").stdout)
