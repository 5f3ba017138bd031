"""Heavy kinds wait for mains power, a quiet machine and their hours; nothing else does."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import msgspec
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import settings as settings_module
from daemon.errors import SettingsError
from daemon.process import power
from daemon.process.messages import send, setup
from daemon.process.power import Conditions, Gate, awake, in_window, why_wait
from daemon.settings import Power
from daemon.store import processes

QUIET = Conditions(on_mains=True, load_per_core=0.1, hour=23)
SETTINGS = Power(heavy_kinds=("training",), require_ac=True, max_load=0.8, window=(22, 6))


@pytest.mark.parametrize(
    ("settings", "conditions", "words"),
    [
        ({}, {}, None),
        ({}, {"on_mains": False}, "on battery"),
        ({"require_ac": False}, {"on_mains": False}, None),
        ({}, {"load_per_core": 0.81}, "busy (load 0.81 a core)"),
        ({}, {"load_per_core": 0.8}, None),
        ({}, {"hour": 21}, "the hours from 22 to 06"),
        ({}, {"hour": 5}, None),
        ({}, {"hour": 6}, "it is 06h"),
        ({"window": ()}, {"hour": 12}, None),
    ],
)
def test_the_first_reason_to_wait_is_told(settings: dict, conditions: dict, words: str | None) -> None:
    replace = msgspec.structs.replace
    reason = why_wait(replace(SETTINGS, **settings), replace(QUIET, **conditions))
    assert (reason is None) if words is None else (words in (reason or ""))


@given(first=st.integers(0, 23), last=st.integers(0, 23))
def test_a_window_has_as_many_hours_as_it_says_and_may_wrap_past_midnight(first: int, last: int) -> None:
    inside = [hour for hour in range(24) if in_window((first, last), hour)]
    assert len(inside) == ((last - first) % 24 or 24)
    assert first in inside
    assert first == last or last not in inside


def test_half_a_window_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("power: {window: [22]}")
    with pytest.raises(SettingsError, match=r"two hours.*power"):
        settings_module.load({"SECAID_HOME": str(tmp_path)})


def test_only_heavy_kinds_are_asked_about_and_only_the_mains_stop_a_running_one() -> None:
    on_battery = msgspec.structs.replace(QUIET, on_mains=False)
    busy_at_noon = Conditions(on_mains=True, load_per_core=9.0, hour=12)
    gate = Gate(SETTINGS, lambda: on_battery)
    assert (gate.why_not_start("analysis"), gate.why_not_go_on("analysis")) == (None, None)
    assert "on battery" in (gate.why_not_start("training") or "")
    assert "mains power went away" in (gate.why_not_go_on("training") or "")
    gate = Gate(SETTINGS, lambda: busy_at_noon)
    assert gate.why_not_start("training")
    assert gate.why_not_go_on("training") is None
    careless = msgspec.structs.replace(SETTINGS, require_ac=False)
    assert Gate(careless, lambda: on_battery).why_not_go_on("training") is None


@pytest.mark.parametrize(
    ("battery", "on_mains"),
    [
        (None, True),
        (types.SimpleNamespace(power_plugged=True), True),
        (types.SimpleNamespace(power_plugged=None), True),
        (types.SimpleNamespace(power_plugged=False), False),
    ],
)
def test_the_machine_is_looked_at(monkeypatch: pytest.MonkeyPatch, battery: object, on_mains: bool) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery)
    found = power.conditions()
    assert found.on_mains is on_mains
    assert 0 <= found.load_per_core == pytest.approx(os.getloadavg()[0] / (os.cpu_count() or 1), abs=1.0)
    assert 0 <= found.hour <= 23


@pytest.mark.parametrize("tool", ["caffeinate", "systemd-inhibit"])
def test_the_assertion_is_held_while_the_job_runs_and_let_go_with_all_it_started(
    tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / tool
    said = tmp_path / "said"
    fake.write_text(f'#!/bin/sh\necho $$ "$@" > {said}.new\nmv {said}.new {said}\nsleep 60\n')
    fake.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    if tool == "systemd-inhibit":
        real = power.shutil.which
        monkeypatch.setattr(power.shutil, "which", lambda name: None if name == "caffeinate" else real(name))
    with awake(4711):
        wait_until(said.exists)
        pid, *arguments = said.read_text().split()
        family = [psutil.Process(int(pid)), *psutil.Process(int(pid)).children(recursive=True)]
        assert "4711" in " ".join(arguments)
        assert arguments[0] in {"-i", "--what=idle:sleep"}
    assert psutil.wait_procs(family, timeout=30)[1] == []


def test_without_such_a_tool_or_when_it_refuses_the_work_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with awake(os.getpid()):
        pass
    refusing = tmp_path / "caffeinate"
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    with awake(os.getpid()):
        time.sleep(0.05)


def test_a_held_back_kind_waits_and_says_why_and_a_person_who_waits_is_served(
    house, tmp_path: Path, child_command: list[str]
) -> None:
    hour = dt.datetime.now().astimezone().hour
    never = {"heavy_kinds": ("quick",), "max_load": 1e9, "window": ((hour + 2) % 24, (hour + 3) % 24)}
    job = house.add()
    house.worker(**never)
    house.wait(lambda: "it waits for the hours" in notes(house, "waiting"))
    assert house.show(job).state == "ready"
    code = (
        "import sys; from daemon.process.messages import to_child; from daemon.process.run import run\n"
        "document = to_child(open(sys.argv[1], 'rb').read())\n"
        "run(document.settings, document.folders(), until_idle=True, kinds=['quick'], database=document.database,"
        " child_command=sys.argv[2:])"
    )
    document = tmp_path / "setup.json"
    document.write_bytes(msgspec.json.encode(setup(house.changed(**never), house.paths, house.store.url)))
    subprocess.run([sys.executable, "-c", code, str(document), *child_command], check=True, timeout=120)
    assert house.show(job).state == "done"


SERVE = """
import sys, types
from pathlib import Path
import psutil
from daemon.process import attempt, serve

psutil.sensors_battery = lambda: types.SimpleNamespace(power_plugged=not Path({unplugged!r}).exists())
attempt._POWER_SECONDS = attempt._WATCH_SECONDS = 0.1
serve.main(sys.argv[1:])
"""


def test_a_running_job_is_put_back_when_the_mains_go_away_and_goes_on_when_they_return(
    house, tmp_path: Path, child_command: list[str]
) -> None:
    unplugged, pid = tmp_path / "unplugged", tmp_path / "pid"
    job = house.add(do="deaf sleep", seconds=600, pid=str(pid))
    settings = house.changed(heavy_kinds=("quick",), require_ac=True, max_load=1e9, window=())
    read, write = os.pipe()
    command = [
        sys.executable,
        "-c",
        SERVE.format(unplugged=str(unplugged)),
        "quick",
        "--from",
        str(read),
        *child_command,
    ]
    worker = subprocess.Popen(command, pass_fds=[read])
    os.close(read)
    try:
        send(write, setup(settings, house.paths, house.store.url))
        house.wait(lambda: pid.exists() and pid.read_text())
        unplugged.touch()
        house.wait_for(job, "ready")
        view = house.show(job)
        assert (view.attempt, view.cause) == (0, "stopped")
        assert "mains power went away" in (view.reason or "")
        house.wait(lambda: "on battery" in notes(house, "waiting"))
        unplugged.unlink()
        house.wait_for(job, "claimed")
        assert house.show(job).attempt == 1
    finally:
        os.close(write)
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)


def notes(house, state: str) -> str:
    with house.store.read() as connection:
        found = processes.everyone(connection, one_host=True)
    return " ".join(one.note or "" for one in found if one.state == state)


def wait_until(done, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
