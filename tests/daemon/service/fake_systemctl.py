"""A `systemctl --user` that records its calls and answers as the real one does, from a state in a file.

Where the state `starts` the poller, it does so: with the manager's environment that stands there, and the unit's own.
"""

import json
import os
import shlex
import signal
import subprocess
import sys


def main() -> None:
    with open(os.path.join(os.path.dirname(__file__), "state.json"), "r+") as file:  # noqa: PTH118, PTH120, PTH123
        state = json.loads(file.read())
        assert sys.argv[1:3] == ["--user", "--no-pager"], sys.argv
        state["calls"].append(" ".join(sys.argv[3:]))
        try:
            answer(state, *sys.argv[3:])
        finally:
            file.seek(0)
            file.truncate()
            file.write(json.dumps(state))


def answer(state: dict, verb: str, *units: str) -> None:
    if not state["manager"]:
        print("Failed to connect to bus: No medium found", file=sys.stderr)
        sys.exit(1)
    for fault in state["faults"]:
        if fault["verb"] == verb and fault["times"]:
            fault["times"] -= 1
            print(fault["err"], file=sys.stderr)
            sys.exit(fault["code"])
    if verb == "show" and units == ("--property=Version",):
        print("Version=252")
    elif verb == "show":
        print("\n\n".join(show(state, unit) for unit in units[1:]))
    else:
        change(state, verb, [unit for unit in units if not unit.startswith("--")])


def change(state: dict, verb: str, units: list[str]) -> None:
    for unit in units:
        job = state["units"].setdefault(unit, {"enabled": "disabled", "pid": 0})
        if verb in {"start", "restart"}:
            if not exists(state, unit):
                print(f"Failed to {verb} {unit}: Unit {unit} not found.", file=sys.stderr)
                sys.exit(5)
            stop(state, job)
            job["pid"] = 5000 + len(state["units"])
            if state.get("starts") is not None and unit == "secaid-poll.service":
                job["pid"] = start(state, unit)
        elif verb in {"stop", "disable"}:
            stop(state, job)
            job["pid"] = 0
        if verb in {"enable", "disable"}:
            job["enabled"] = f"{verb}d"


def start(state: dict, unit: str) -> int:
    with open(os.path.join(state["folder"], unit)) as file:  # noqa: PTH118, PTH123
        lines = dict(line.strip().split("=", 1) for line in file if "=" in line and not line.startswith("#"))
    own = dict(pair.split("=", 1) for pair in words(lines["Environment"]))
    with open(lines["StandardError"].removeprefix("append:").replace("%%", "%"), "ab") as file:  # noqa: PTH123
        process = subprocess.Popen(
            words(lines["ExecStart"]),
            env=state["starts"] | own,
            cwd=lines["WorkingDirectory"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    state["started"] = [*state.get("started", []), process.pid]
    return process.pid


def words(line: str) -> list[str]:
    return [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line)]


def stop(state: dict, job: dict) -> None:
    if job["pid"] in state.get("started", []):
        os.kill(job["pid"], signal.SIGTERM)


def exists(state: dict, unit: str) -> bool:
    return os.path.exists(os.path.join(state["folder"], unit))  # noqa: PTH110, PTH118


def show(state: dict, unit: str) -> str:
    job = state["units"].get(unit, {"enabled": "", "pid": 0})
    fields = {
        "Id": unit,
        "LoadState": "loaded" if exists(state, unit) else "not-found",
        "ActiveState": "active" if job["pid"] else "inactive",
        "SubState": "running" if job["pid"] else "dead",
        "UnitFileState": job["enabled"],
        "MainPID": job["pid"],
        "NRestarts": 0,
        "ExecMainCode": 0,
        "ExecMainStatus": 0,
        "Result": "success",
    }
    return "\n".join(f"{name}={value}" for name, value in (fields | job.get("shows", {})).items())


main()
