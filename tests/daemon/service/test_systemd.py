"""The units as systemd reads them, and the installer against a recording systemctl."""

from __future__ import annotations

import configparser
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from daemon.errors import Unavailable
from daemon.service.systemd import Systemd, name, quoted, render
from daemon.service.unit import UNITS, Plan


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "config" / "systemd" / "user"


@pytest.fixture
def systemctl(on_path, folder: Path):
    return on_path("systemctl", {"manager": True, "units": {}, "folder": str(folder)})


def parsed(unit: str, plan: Plan) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    parser.read_string(render(unit, plan).decode())
    return parser


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_runs_its_process_again_only_after_a_failure_and_never_gives_up(unit: str, plan: Plan) -> None:
    found = parsed(unit, plan)
    command = ["poll"] if unit == "poll" else ["worker", unit]
    assert shlex.split(found["Service"]["ExecStart"]) == [plan.python, "-m", "daemon.cli", *command]
    assert found["Service"]["Restart"] == "on-failure"
    assert found["Unit"]["StartLimitIntervalSec"] == "0"
    assert found["Service"]["WorkingDirectory"] == "/", "or a folder `daemon` there would be imported"
    assert found["Service"]["StandardError"] == f"append:{plan.output}/{unit}.err".replace("%", "%%")
    environment = dict(word.split("=", 1) for word in shlex.split(found["Service"]["Environment"].replace("%%", "%")))
    assert environment == plan.environment


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_systemd_itself_accepts_every_unit(tmp_path: Path, plan: Plan) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to("/bin/true")
    here = Plan(python=str(python), environment=plan.environment, logs=plan.logs)
    files = []
    for unit in UNITS:
        file = tmp_path / name(unit)
        file.write_bytes(render(unit, here))
        files.append(str(file))
    # `--user` needs a bus; units are parsed the same without.
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True, timeout=60, check=False
    )
    about_ours = [line for line in done.stderr.splitlines() if "secaid-" in line]
    assert about_ours == []


@pytest.mark.parametrize("word", ["plain", "with blank", 'a "quote"', "100%", "back\\slash", "two\nlines"])
def test_words_are_quoted_for_unit_files(word: str) -> None:
    assert "\n" not in quoted(word)
    assert shlex.split(quoted(word).replace("%%", "%").replace("\\n", "\n")) == [word]


def test_an_installation_enables_and_starts_every_unit_and_a_second_one_does_nothing(systemctl, folder, plan) -> None:
    systemd = Systemd(folder)
    assert len(systemd.install(plan)) == len(UNITS)
    assert all(seen.current and seen.loaded and seen.enabled and seen.pid for seen in systemd.look(plan))
    assert systemctl.calls.index("daemon-reload") < systemctl.calls.index(" ".join(("enable", *map(name, UNITS))))
    systemctl.forget()
    assert systemd.install(plan) == []
    assert [call for call in systemctl.calls if not call.startswith(("show", "enable"))] == []


def test_a_changed_unit_is_restarted_and_the_others_are_left_alone(systemctl, folder, plan) -> None:
    systemd = Systemd(folder)
    systemd.install(plan)
    (folder / name("training")).write_text("[Service]\nExecStart=/bin/true\n")
    systemctl.forget()
    assert systemd.install(plan) == ["secaid-training.service is installed and running"]
    assert "restart secaid-training.service" in systemctl.calls


def test_stop_and_start_again_and_uninstall_whatever_the_state(systemctl, folder, plan) -> None:
    systemd = Systemd(folder)
    systemd.install(plan)
    assert len(systemd.stop(UNITS)) == len(UNITS)
    assert systemd.stop(UNITS) == []
    assert systemd.start(["poll"]) == ["secaid-poll.service is started"]
    assert systemd.start(["poll"]) == []
    (folder / "secaid-embedding.service").write_text("")
    (folder / "other.service").write_text("")
    assert len(systemd.uninstall()) == len(UNITS) + 1
    assert [file.name for file in folder.iterdir()] == ["other.service"]
    assert systemd.uninstall() == []
    assert not systemd.installed()
    with pytest.raises(Unavailable, match="secaid service install"):
        systemd.start(["poll"])


def test_without_a_user_manager_it_is_said_and_uninstalling_still_works(systemctl, folder, plan) -> None:
    systemd = Systemd(folder)
    systemd.install(plan)
    systemctl.change(manager=False)
    for act in (lambda: systemd.install(plan), lambda: systemd.start(UNITS), lambda: systemd.look(plan)):
        with pytest.raises(Unavailable, match=r"No medium found.*no user manager"):
            act()
    assert len(systemd.uninstall()) == len(UNITS)


def test_without_systemd_it_is_said(tmp_path: Path, plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="there is no systemd here"):
        Systemd(tmp_path).install(plan)


def test_a_refusal_is_told_in_systemds_words(systemctl, folder, plan) -> None:
    systemctl.fail("enable", 1, "Failed to enable unit: File /etc/x already exists")
    with pytest.raises(Unavailable, match=r"failed with 1: Failed to enable unit"):
        Systemd(folder).install(plan)


@pytest.mark.parametrize(
    ("shows", "last", "failed", "runs"),
    [
        ({"MainPID": 7}, None, False, 1),
        ({"MainPID": 7, "NRestarts": 4}, None, True, 5),
        (
            {
                "MainPID": 0,
                "ActiveState": "activating",
                "SubState": "auto-restart",
                "ExecMainCode": 1,
                "ExecMainStatus": 3,
                "NRestarts": 9,
                "Result": "exit-code",
            },
            "exit 3",
            True,
            10,
        ),
        (
            {"MainPID": 0, "ActiveState": "failed", "ExecMainCode": 2, "ExecMainStatus": 9, "Result": "signal"},
            "ended by SIGKILL",
            True,
            1,
        ),
        ({"MainPID": 0, "ActiveState": "inactive", "ExecMainCode": 1, "ExecMainStatus": 0}, "exit 0", False, 1),
    ],
)
def test_what_systemctl_shows_is_understood(systemctl, folder, plan, shows, last, failed: bool, runs: int) -> None:
    systemd = Systemd(folder)
    systemd.install(plan)
    units = systemctl.state["units"]
    units["secaid-poll.service"]["shows"] = shows
    systemctl.change(units=units)
    seen = systemd.look(plan)[0]
    assert (seen.last_exit, seen.failed, seen.runs) == (last, failed, runs)


def test_who_is_run_anew_gets_a_new_process(systemctl, folder: Path, plan: Plan) -> None:
    manager = Systemd(folder)
    manager.install(plan)
    systemctl.forget()
    assert manager.restart(["poll"]) == ["secaid-poll.service is started anew"]
    assert systemctl.calls[-1] == "restart secaid-poll.service"
    systemctl.change(manager=False)
    with pytest.raises(Unavailable, match="no services of yours"):
        manager.restart(["poll"])
