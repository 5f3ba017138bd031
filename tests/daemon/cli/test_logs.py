"""`secaid logs` as a command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from daemon.cli.main import secaid


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SECAID_HOME", str(tmp_path))
    logs = tmp_path / "logs"
    logs.mkdir()
    return logs


def event(second: int, name: str = "job.done", level: str = "info", **fields: object) -> str:
    stamp = f"2026-01-01T00:{second // 60:02}:{second % 60:02}.000000Z"
    return (
        json.dumps({"timestamp": stamp, "level": level, "event": name, "process": "worker-analysis", **fields}) + "\n"
    )


def run(*arguments: str, color: bool = False) -> Result:
    return CliRunner().invoke(secaid, ["logs", *arguments], color=color)


def test_lines_are_shown_with_their_fields_and_tracebacks(folder: Path) -> None:
    trace = "Traceback (most recent call last):\n  File x\nValueError: no"
    (folder / "worker-analysis.log").write_text(
        event(1, job=7) + event(2, "process.crashed", "critical", exception=trace)
    )
    shown = run().stdout.splitlines()
    assert "job.done job=7" in shown[0]
    assert "critical worker-analysis" in shown[1]
    assert shown[-1] == "    ValueError: no"


def test_colours_are_for_terminals_only(folder: Path) -> None:
    (folder / "worker-analysis.log").write_text(event(1))
    assert "\x1b[" not in run().stdout
    assert "\x1b[32m" in run(color=True).stdout


@pytest.mark.parametrize("as_json", [False, True])
def test_no_line_can_command_the_terminal_or_forge_another(folder: Path, as_json: bool) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\n2026-01-01 fake line\u202e\u2028\x00"
    (folder / "worker-analysis.log").write_text(
        event(1, hostile, reason=hostile, exception=hostile, **{hostile: hostile}) + hostile.replace("\n", " ") + "\n"
    )
    result = run("--json") if as_json else run()
    assert result.exit_code == 0
    assert not set(result.stdout) & set("\x1b\x9b\x07\r\x00\u202e\u2028")
    assert not any(row.startswith("2026-01-01 fake") for row in result.stdout.splitlines())
    if as_json:
        assert json.loads(result.stdout.splitlines()[0])["reason"] == hostile


def test_filters_and_counts(folder: Path) -> None:
    (folder / "worker-analysis.log").write_text("".join(event(number, job=number % 2) for number in range(50)))
    assert len(run("-n", "10").stdout.splitlines()) == 10
    assert len(run("--job", "1").stdout.splitlines()) == 25
    assert run("--kind", "training").stdout == ""
    assert len(run("--kind", "analysis", "--level", "info").stdout.splitlines()) == 50
    assert run("--level", "error").stdout == ""
    assert run("--since", "10m").stdout == ""
    assert len(run("--since", "2026-01-01T00:00:40+00:00").stdout.splitlines()) == 10
    assert [json.loads(row)["job"] for row in run("-n", "3", "--json").stdout.splitlines()] == [1, 0, 1]


@pytest.mark.parametrize("when", ["soon", "10", "10w", "2026-13-01", "99999999999d"])
def test_a_moment_that_is_none_is_refused(folder: Path, when: str) -> None:
    result = run("--since", when)
    assert result.exit_code == 2
    assert "neither an age" in result.stderr


def test_following_ends_with_an_interrupt_and_exit_0(folder: Path) -> None:
    log = folder / "worker-analysis.log"
    log.write_text(event(1, "before"))
    command = [sys.executable, "-m", "daemon.cli", "logs", "-f", "--json"]
    environment = os.environ | {"SECAID_HOME": str(folder.parent)}
    # A suite that a shell started in the background has every child ignore interrupts.
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline())["event"] == "before"
        with log.open("a") as file:
            file.write(event(2, "after"))
        assert json.loads(process.stdout.readline())["event"] == "after"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


def test_it_starts_without_a_database(folder: Path) -> None:
    start = time.monotonic()
    assert run().exit_code == 0
    assert not list(folder.parent.glob("*.db"))
    assert time.monotonic() >= start
