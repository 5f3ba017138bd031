"""A launchctl that records its calls and answers as the real one does, errors included, from a state in a file.

It lies on PATH as `launchctl`, with its state and its record beside it; it starts as quickly as Python can, because
the tests call it some hundred times. What it prints was taken from real machines. Where the state `starts` the poller,
it does so: with the session's environment that stands there, and the agent's own.
"""

import fcntl
import json
import os
import signal
import sys

PRINTED = """{target} = {{
\tactive count = {active}
\tpath = {path}
\ttype = LaunchAgent
\tstate = {state}

\tprogram = {program}
\targuments = {{
\t\t{program}
\t}}

\tinherited environment = {{
\t\tSSH_AUTH_SOCK => /private/tmp/com.apple.launchd.x/Listeners
\t}}

\tdomain = gui/501 [100002]
\tasid = 100002
\tminimum runtime = 30
\texit timeout = 30
\truns = {runs}
{process}\timmediate reason = speculative
\tforks = 0
\texecs = 1
{outcome}
\tresource coalition = {{
\t\tID = 1114
\t\ttype = resource
\t\tstate = active
\t\tpid = 77
\t}}

\tspawn type = daemon (3)
\tproperties = keepalive | runatload
}}
"""


def main() -> None:
    with open(os.path.join(os.path.dirname(__file__), "state.json"), "r+") as file:  # noqa: PTH118, PTH120, PTH123
        # The installer asks for several services at once.
        fcntl.flock(file, fcntl.LOCK_EX)
        before = file.read()
        state = json.loads(before)
        state["calls"].append(" ".join(sys.argv[1:]))
        try:
            answer(state, *sys.argv[1:])
        finally:
            file.seek(0)
            file.truncate()
            file.write(json.dumps(state))


def answer(state: dict, verb: str, target: str, *more: str) -> None:
    for fault in state["faults"]:
        if fault["verb"] == verb and fault["times"] and fault.get("target", "") in target:
            fault["times"] -= 1
            end(fault["code"], fault["err"])
    label = target.partition("/")[2].partition("/")[2]
    VERBS[verb](state, target, label, *more)


def show(state: dict, target: str, label: str) -> None:
    if not state["session"]:
        end(112, "Could not find domain for user gui: 501")
    if not label:
        print("gui/501 = {\n\ttype = login\n\tservices = {\n\t}\n}")
        return
    job = state["loaded"].get(label)
    if job is None:
        end(113, f'Bad request.\nCould not find service "{label}" in domain for user gui: 501')
    if job.get("leaving"):
        job["leaving"] -= 1
        if not job["leaving"]:
            del state["loaded"][label]
    process = f"\tpid = {job['pid']}\n" if job["pid"] else ""
    fields = {"target": target, "active": int(bool(process)), "process": process, "outcome": job["outcome"]}
    print(PRINTED.format(**fields, **{key: job[key] for key in ("path", "state", "program", "runs")}), end="")


def bootstrap(state: dict, _target: str, _label: str, path: str) -> None:
    import plistlib

    if not state["session"]:
        end(125, "Bootstrap failed: 125: Domain does not support specified action")
    if not os.path.exists(path):  # noqa: PTH110
        end(2, "Bootstrap failed: 2: No such file or directory")
    with open(path, "rb") as file:  # noqa: PTH123
        agent = plistlib.load(file)
    label = agent["Label"]
    if os.stat(path).st_mode & 0o022 or not path.endswith(f"/{label}.plist"):  # noqa: PTH116
        end(122, "Bootstrap failed: 122: Path had bad ownership/permissions")
    if label in state["disabled"]:
        end(*state["disabled_says"])
    if label in state["loaded"]:
        end(5, "Bootstrap failed: 5: Input/output error\nTry re-running the command as root for richer errors.")
    runs = {"path": path, "program": agent["ProgramArguments"][0], "runs": 1, "pid": 4000 + len(state["loaded"])}
    missing = not os.path.isdir(os.path.dirname(agent["StandardErrorPath"]))  # noqa: PTH112, PTH120
    state["loaded"][label] = runs | (
        {"state": "spawn scheduled", "pid": None, "outcome": "\tlast exit code = 78: EX_CONFIG\n"}
        if missing
        else {"state": "running", "outcome": "\tlast exit code = (never exited)\n"}
    )
    if state.get("starts") is not None and label.endswith(".poll"):
        state["loaded"][label]["pid"] = start(state, agent)


def start(state: dict, agent: dict) -> int:
    import subprocess

    with open(agent["StandardErrorPath"], "ab") as file:  # noqa: PTH123
        process = subprocess.Popen(
            agent["ProgramArguments"],
            env=state["starts"] | agent["EnvironmentVariables"],
            cwd=agent["WorkingDirectory"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    state["started"] = [*state.get("started", []), process.pid]
    return process.pid


def bootout(state: dict, _target: str, label: str) -> None:
    if not state["session"]:
        end(125, "Boot-out failed: 125: Domain does not support specified action")
    if label not in state["loaded"]:
        end(3, "Boot-out failed: 3: No such process")
    if state["slow"]:
        state["loaded"][label] |= {"leaving": state["slow"], "state": "SIGTERMed"}
        end(36, "Boot-out failed: 36: Operation now in progress")
    if state["loaded"][label]["pid"] in state.get("started", []):
        os.kill(state["loaded"][label]["pid"], signal.SIGTERM)
    del state["loaded"][label]


def kickstart(state: dict, _target: str, label: str) -> None:
    if label not in state["loaded"]:
        end(113, f'Could not find service "{label}" in domain for user gui: 501')
    state["loaded"][label] |= {"state": "running", "pid": 4711}


def enable(state: dict, _target: str, label: str) -> None:
    state["disabled"] = [one for one in state["disabled"] if one != label]


def print_disabled(state: dict, _target: str, _label: str) -> None:
    lines = "".join(f'\t\t"{label}" => {state["word"]}\n' for label in state["disabled"])
    print(f'\tdisabled services = {{\n\t\t"com.apple.Siri.agent" => enabled\n{lines}\t}}')


def end(code: int, said: str) -> None:
    print(said, file=sys.stderr)
    sys.exit(code)


VERBS = {
    "print": show,
    "bootstrap": bootstrap,
    "bootout": bootout,
    "kickstart": kickstart,
    "enable": enable,
    "print-disabled": print_disabled,
}

main()
