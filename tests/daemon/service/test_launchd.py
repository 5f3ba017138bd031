"""The agents key by key, and the installer against a recording launchctl."""

from __future__ import annotations

import plistlib
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import Unavailable
from daemon.process import attempt
from daemon.service.launchd import Launchd, agent, label
from daemon.service.launchd_print import understand
from daemon.service.unit import UNITS, Plan, Seen

LIMITS = dict.fromkeys(
    (
        "Core",
        "CPU",
        "Data",
        "FileSize",
        "MemoryLock",
        "NumberOfFiles",
        "NumberOfProcesses",
        "ResidentSetSize",
        "Stack",
    ),
    int,
)
DOCUMENTED: dict[str, Any] = {
    # launchd.plist(5): key → type; a set holds the values it documents; a dict the keys of a dictionary.
    "Label": str,
    "Disabled": bool,
    "UserName": str,
    "GroupName": str,
    "LimitLoadToSessionType": {"Aqua", "Background", "LoginWindow", "StandardIO", "System"},
    "Program": str,
    "BundleProgram": str,
    "ProgramArguments": [str],
    "EnableGlobbing": bool,
    "EnableTransactions": bool,
    "EnablePressuredExit": bool,
    "KeepAlive": {
        "SuccessfulExit": bool,
        "NetworkState": bool,
        "PathState": dict,
        "OtherJobEnabled": dict,
        "Crashed": bool,
    },
    "RunAtLoad": bool,
    "RootDirectory": str,
    "WorkingDirectory": str,
    "EnvironmentVariables": {None: str},
    "Umask": int,
    "TimeOut": int,
    "ExitTimeOut": int,
    "ThrottleInterval": int,
    "InitGroups": bool,
    "WatchPaths": [str],
    "QueueDirectories": [str],
    "StartOnMount": bool,
    "StartInterval": int,
    "StartCalendarInterval": dict,
    "StandardInPath": str,
    "StandardOutPath": str,
    "StandardErrorPath": str,
    "Debug": bool,
    "WaitForDebugger": bool,
    "SoftResourceLimits": LIMITS,
    "HardResourceLimits": LIMITS,
    "Nice": int,
    "ProcessType": {"Background", "Standard", "Adaptive", "Interactive"},
    "AbandonProcessGroup": bool,
    "LowPriorityIO": bool,
    "LowPriorityBackgroundIO": bool,
    "MaterializeDatalessFiles": bool,
    "LaunchOnlyOnce": bool,
    "MachServices": dict,
    "Sockets": dict,
    "LaunchEvents": dict,
    "SessionCreate": bool,
    "LegacyTimers": bool,
    "AssociatedBundleIdentifiers": [str],
}


def fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, set):
        return value in wanted
    if isinstance(wanted, list):
        return isinstance(value, list) and all(type(item) is wanted[0] for item in value)
    if isinstance(wanted, dict):
        kinds = [(wanted.get(key, wanted.get(None)), item) for key, item in value.items()]
        return type(value) is dict and all(type(item) is kind for kind, item in kinds)
    return type(value) is wanted


@pytest.fixture
def launchd(tmp_path: Path) -> Launchd:
    return Launchd(tmp_path / "home" / "LaunchAgents", 501, sleep=lambda _seconds: None)


@pytest.mark.parametrize("unit", UNITS)
def test_every_key_of_an_agent_is_documented_and_of_its_type(unit: str, plan: Plan) -> None:
    written = plistlib.loads(plistlib.dumps(agent(unit, plan)))
    assert {key: value for key, value in written.items() if not fits(value, DOCUMENTED.get(key))} == {}


def test_the_check_of_keys_can_fail() -> None:
    assert not fits(1, DOCUMENTED["RunAtLoad"])
    assert not fits({"SuccesfulExit": False}, DOCUMENTED["KeepAlive"])
    assert not fits("aqua", DOCUMENTED["LimitLoadToSessionType"])
    assert not fits({"NumberOfFiles": "4096"}, DOCUMENTED["SoftResourceLimits"])
    assert not fits("x", DOCUMENTED.get("KeepAliv"))


@pytest.mark.parametrize("unit", UNITS)
def test_an_agent_runs_one_process_again_only_after_a_failure_in_the_session_with_the_keychain(
    unit: str, plan: Plan
) -> None:
    written = agent(unit, plan)
    command = ["poll"] if unit == "poll" else ["worker", unit]
    assert written["ProgramArguments"] == [plan.python, "-m", "daemon.cli", *command]
    assert written["KeepAlive"] == {"SuccessfulExit": False}
    assert written["RunAtLoad"] is True
    assert written["LimitLoadToSessionType"] == "Aqua"
    assert written["ThrottleInterval"] >= 10
    assert written["EnvironmentVariables"] == plan.environment
    assert written["StandardErrorPath"] == str(plan.output / f"{unit}.err")
    # What a worker may take to put its job back, with the ends of its child and of its claim.
    assert written["ExitTimeOut"] > 2 * (attempt._STOP_SECONDS + 5.0)


def test_models_and_scanners_are_not_confined_to_the_slow_cores(plan: Plan) -> None:
    kinds = {unit: agent(unit, plan)["ProcessType"] for unit in UNITS}
    assert kinds == {
        "poll": "Background",
        "analysis": "Standard",
        "enrichment": "Standard",
        "indexing": "Background",
        "training": "Standard",
    }
    assert [unit for unit in UNITS if agent(unit, plan)["LowPriorityIO"]] == ["poll", "indexing", "training"]


def test_an_installation_writes_and_loads_every_agent_and_a_second_one_does_nothing(launchd, launchctl, plan) -> None:
    assert len(launchd.install(plan)) == len(UNITS)
    assert sorted(launchctl.state["loaded"]) == sorted(map(label, UNITS))
    assert all(seen.current and seen.loaded and seen.pid for seen in launchd.look(plan))
    launchctl.forget()
    assert launchd.install(plan) == []
    assert [call for call in launchctl.calls if not call.startswith("print")] == []


def test_a_changed_agent_is_loaded_anew_and_the_others_are_left_alone(launchd, launchctl, plan, tmp_path) -> None:
    launchd.install(plan)
    file = tmp_path / "home" / "LaunchAgents" / "dev.secaid.analysis.plist"
    file.write_bytes(plistlib.dumps(agent("analysis", plan) | {"Nice": 1}))
    assert [seen.unit for seen in launchd.look(plan) if not seen.current] == ["analysis"]
    launchctl.forget()
    launchctl.change(slow=3)
    assert launchd.install(plan) == ["dev.secaid.analysis is installed and loaded"]
    changes = [call for call in launchctl.calls if not call.startswith("print")]
    assert changes == [
        "bootout gui/501/dev.secaid.analysis",
        "enable gui/501/dev.secaid.analysis",
        f"bootstrap gui/501 {file}",
    ]
    # It was gone before it was loaded again.
    gone = launchctl.calls.index(changes[0])
    assert launchctl.calls[gone + 1 : gone + 5].count("print gui/501/dev.secaid.analysis") == 4


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (5, "Bootstrap failed: 5: Input/output error\nTry re-running the command as root for richer errors."),
        (36, "Bootstrap failed: 36: Operation now in progress"),
        (37, "Bootstrap failed: 37: Operation already in progress"),
        (17, "Bootstrap failed: 17: File exists"),
    ],
)
def test_a_service_that_is_still_leaving_is_waited_for(launchd, launchctl, plan, code: int, said: str) -> None:
    launchctl.fail("bootstrap", code, said, times=4)
    launchd.install(plan)
    assert sorted(launchctl.state["loaded"]) == sorted(map(label, UNITS))


def test_a_service_that_was_half_loaded_is_unloaded_first(launchd, launchctl, plan) -> None:
    launchd.install(plan)
    launchctl.fail("print", 113, "Could not find service", target="dev.secaid.poll")
    launchd.install(plan)
    assert "bootout gui/501/dev.secaid.poll" in launchctl.calls
    assert sorted(launchctl.state["loaded"]) == sorted(map(label, UNITS))


@pytest.mark.parametrize(
    "says", [[119, "Bootstrap failed: 119: Service is disabled"], [5, "Bootstrap failed: 5: Input/output error"]]
)
@pytest.mark.parametrize("word", ["disabled", "true"])
def test_a_service_that_was_switched_off_is_told_and_switched_on(launchd, launchctl, plan, says, word: str) -> None:
    launchd.install(plan)
    launchd.stop(["training"])
    launchctl.change(disabled=[label("training")], disabled_says=says, word=word)
    assert [seen.unit for seen in launchd.look(plan) if not seen.enabled] == ["training"]
    launchd.start(["training"])
    assert label("training") in launchctl.state["loaded"]
    assert launchctl.state["disabled"] == []


def test_without_a_session_at_the_screen_it_is_said_before_anything_is_written(
    launchd, launchctl, plan, tmp_path: Path
) -> None:
    launchctl.change(session=False)
    for act in (lambda: launchd.install(plan), lambda: launchd.start(UNITS)):
        with pytest.raises(Unavailable, match="log in at the Mac's screen"):
            act()
    assert not (tmp_path / "home").exists()


def test_root_is_told_to_come_without_sudo(tmp_path: Path, launchctl, plan) -> None:
    with pytest.raises(Unavailable, match="without sudo"):
        Launchd(tmp_path, 0).install(plan)


def test_a_refusal_for_good_names_the_error_and_what_to_do(launchd, launchctl, plan) -> None:
    launchctl.fail("bootstrap", 122, "Bootstrap failed: 122: Path had bad ownership/permissions", times=99)
    with pytest.raises(Unavailable, match=r"error 122.*plutil -lint"):
        launchd.install(plan)
    assert sum(call.startswith("bootstrap") for call in launchctl.calls) == 1
    launchctl.change(faults=[])
    launchctl.fail("bootstrap", 5, "Bootstrap failed: 5: Input/output error", times=99)
    with pytest.raises(Unavailable, match=r"error 5.*Login Items"):
        launchd.install(plan)


def test_a_service_that_never_leaves_is_given_up_on(launchd, launchctl, plan, monkeypatch) -> None:
    monkeypatch.setattr("daemon.service.launchd._LEAVING_SECONDS", 2.0)
    launchd.install(plan)
    launchctl.change(slow=10_000)
    with pytest.raises(Unavailable, match=r"still there 2 s after `launchctl bootout` \(error 36"):
        launchd.stop(["poll"])


def test_stop_and_start_again_and_uninstall_whatever_the_state(launchd, launchctl, plan, tmp_path: Path) -> None:
    launchd.install(plan)
    assert len(launchd.stop(UNITS)) == len(UNITS)
    assert launchd.stop(UNITS) == []
    assert launchd.start(["poll"]) == ["dev.secaid.poll is loaded"]
    assert launchd.start(["poll"]) == []
    loaded = launchctl.state["loaded"]
    loaded["dev.secaid.poll"] |= {"pid": None, "state": "not running", "outcome": "\tlast exit code = 0\n"}
    launchctl.change(loaded=loaded)
    assert launchd.start(["poll"]) == ["dev.secaid.poll is started"]
    # Four are stopped, one runs, and one is of an older secaid.
    old = tmp_path / "home" / "LaunchAgents" / "dev.secaid.embedding.plist"
    old.write_bytes(b"")
    other = old.with_name("com.example.other.plist")
    other.write_bytes(b"")
    assert len(launchd.uninstall()) == len(UNITS) + 1
    assert launchctl.state["loaded"] == {}
    assert list(old.parent.iterdir()) == [other]
    assert launchd.uninstall() == []
    assert not launchd.installed()
    with pytest.raises(Unavailable, match="secaid service install"):
        launchd.start(["poll"])


def test_who_is_run_anew_leaves_as_asked_and_is_not_killed(launchd, launchctl, plan) -> None:
    launchd.install(plan)
    launchctl.change(slow=2)
    launchctl.forget()
    assert launchd.restart(["poll"]) == ["dev.secaid.poll is started anew"]
    changes = [call.split()[0] for call in launchctl.calls if not call.startswith("print")]
    assert changes == ["bootout", "enable", "bootstrap"], (
        "`kickstart -k` would leave `last terminating signal = Killed`"
    )
    assert launchd.look_at("poll").pid is not None
    launchctl.change(session=False)
    with pytest.raises(Unavailable, match="log in at the Mac's screen"):
        launchd.restart(["poll"])


def test_uninstall_without_a_session_removes_the_files(launchd, launchctl, plan) -> None:
    launchd.install(plan)
    launchctl.change(session=False)
    assert len(launchd.uninstall()) == len(UNITS)
    assert not launchd.installed()


def test_the_log_folder_is_made_because_launchd_does_not(launchd, launchctl, plan) -> None:
    launchd.install(plan)
    assert plan.output.is_dir()
    assert not any(seen.failed for seen in launchd.look(plan))


def test_what_launchctl_prints_is_understood(launchd, launchctl, plan) -> None:
    launchd.install(plan)
    for outcome, last, failed in (
        ("last exit code = (never exited)", None, False),
        ("last exit code = 0", "exit 0", False),
        ("last exit code = 3", "exit 3", True),
        ("last exit code = 78: EX_CONFIG", "exit 78: EX_CONFIG", True),
        ("last terminating signal = Killed: 9", "ended by signal 9 (Killed)", True),
        ("last terminating signal = Segmentation fault: 11", "ended by signal 11 (Segmentation fault)", True),
    ):
        loaded = launchctl.state["loaded"]
        loaded[label("poll")] |= {"outcome": f"\t{outcome}\n", "runs": 57, "pid": None, "state": "spawn scheduled"}
        launchctl.change(loaded=loaded)
        seen = launchd.look_at("poll")
        assert (seen.last_exit, seen.failed, seen.runs, seen.pid, seen.state) == (
            last,
            failed,
            57,
            None,
            "spawn scheduled",
        )


def test_words_that_nobody_knows_are_unknown_and_no_error() -> None:
    seen = understand("gui/501/x = {\n\tpid = soon\n}", Seen(unit="poll", installed=True))
    assert (seen.state, seen.pid, seen.runs, seen.failed, seen.loaded) == ("unknown", None, None, False, True)


def test_without_launchctl_it_is_said(tmp_path: Path, plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="macOS only"):
        Launchd(tmp_path, 501).install(plan)
