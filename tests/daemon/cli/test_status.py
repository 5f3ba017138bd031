"""`secaid status` as a person and a program read it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.domain.job import NewJob
from daemon.store import cursors, processes, queue


def test_an_empty_installation_is_told_what_to_do(run: Callable, database) -> None:
    result = run("status")
    assert result.exit_code == 0
    assert "no jobs yet: `secaid ingest` or `secaid run` brings some" in result.stdout
    assert "services" not in result.stdout


def test_what_needs_attention_comes_first_and_a_wait_for_power_is_told_and_needs_nobody(
    run: Callable, database
) -> None:
    with database.begin() as connection:
        queue.enqueue(connection, NewJob(kind="training"))
        queue.enqueue(connection, NewJob(kind="analysis"))
        processes.report(
            connection,
            "worker",
            "waiting",
            kind="training",
            note="on battery: it waits \x1b[31mfor",
            heartbeat_seconds=60,
        )
    result = run("status")
    lines = result.stdout.splitlines()
    assert lines[0] == "needs attention"
    assert any("analysis jobs are ready and no worker serves them" in line for line in lines)
    assert not any(line.startswith("  !") and "training" in line for line in lines)
    assert any(line.startswith("waiting   training: on battery") for line in lines)
    assert "\x1b" not in result.stdout


def test_the_last_poll_is_told_and_a_repository_that_nobody_polls_needs_attention(
    run: Callable, home: Path, database
) -> None:
    names = ("o/well", "o/late", "o/new")
    (home / "config.yaml").write_text(json.dumps({"poll": {"repositories": [{"name": name} for name in names]}}))
    now = time.time()
    with database.begin() as connection:
        for name, at in (("o/well", now), ("o/late", now - 90_000)):
            cursors.save(connection, cursors.Cursor(repository=name, polled_at=at, succeeded_at=at))
    result = run("status")
    attention = [line for line in result.stdout.splitlines() if line.startswith("  ! o/")]
    assert ["o/late was last polled at" in attention[0], "o/new was never polled" in attention[1]] == [True, True]
    assert len(attention) == 2
    assert time.strftime("o/well  %m-%d %H:%M", time.localtime(now)) in result.stdout
    polls = json.loads(run("status", "--json").stdout)["polls"]
    assert [one["repository"] for one in polls] == ["o/late", "o/well"]


def test_watching_goes_on_until_it_is_interrupted_which_is_no_failure(
    run: Callable, database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            raise KeyboardInterrupt

    # Of that module alone: threads of this process sleep, too.
    watched = types.SimpleNamespace(sleep=sleep, strftime=time.strftime, localtime=time.localtime)
    monkeypatch.setattr("daemon.cli.status.time", watched)
    result = run("status", "--watch")
    assert result.exit_code == 0
    assert result.stdout.count("no jobs yet") == 2


def test_the_document_holds_all_of_it(run: Callable, database) -> None:
    with database.begin() as connection:
        queue.enqueue(connection, NewJob(kind="analysis"))
    found = json.loads(run("status", "--json").stdout)
    assert found["queue"]["jobs"] == {"analysis": {"ready": 1}}
    assert found["services"] == []
    assert {"results", "accounts", "model", "database"} <= set(found)


def test_it_starts_without_what_it_does_not_need(home, database) -> None:
    """Its budget is twice `import sqlalchemy`; whoever imports one of these for it breaks that."""
    code = (
        "import sys; from daemon.cli.main import secaid; secaid(['status', '--json'], standalone_mode=False)\n"
        "print(sorted(set(sys.argv) & set(sys.modules)), file=sys.stderr)"
    )
    heavy = ["alembic", "github", "requests", "rich", "structlog", "watchdog", "keyring", "workers", "psutil"]
    done = subprocess.run(
        [sys.executable, "-c", code, *heavy, "daemon.service.health"],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    assert done.stderr.splitlines()[-1] == "[]"
