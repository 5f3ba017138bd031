"""`secaid status` as a person and a program read it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

from daemon.domain.job import NewJob
from daemon.store import processes, queue


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
