"""No crash loop is called healthy, and no healthy service a crash loop."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.service.health import Health, judge, last_words, report
from daemon.service.unit import Plan, Seen
from daemon.store.processes import ProcessView

NOW = 1_000_000.0
RUNNING = Seen(unit="poll", installed=True, current=True, loaded=True, state="running", pid=7, runs=1)


def process(up: float = 5.0, silent: float = 1.0, **more: object) -> ProcessView:
    fields: dict = {
        "id": "h/b/n/7/1",
        "role": "worker",
        "kind": "analysis",
        "host": os.uname().nodename.replace("/", "-"),
        "pid": 7,
        "state": "idle",
        "note": None,
        "started_at": NOW - up,
        "heartbeat_at": NOW - silent,
        "heartbeat_seconds": 60.0,
        "alive": True,
        "stale": False,
    }
    return ProcessView(**(fields | more))


def seen(**changed: object) -> Seen:
    return msgspec.structs.replace(RUNNING, **changed)


@pytest.mark.parametrize(
    ("one", "heard", "age", "health", "words"),
    [
        (seen(), process(), None, Health.RUNNING, "process 7, idle"),
        (seen(current=False), process(), None, Health.RUNNING, "not this version's"),
        (seen(), None, 1.0, Health.STARTING, "not reported yet"),
        (seen(), None, 500.0, Health.SILENT, "never reported"),
        (seen(), process(silent=400, stale=True), None, Health.SILENT, "no heartbeat for 400 s"),
        (seen(), process(state="broken", note="no mlx"), None, Health.BROKEN, "no mlx"),
        (seen(pid=None, state="spawn scheduled"), None, None, Health.STARTING, "spawn scheduled"),
        (seen(pid=None, last_exit="exit 0"), None, None, Health.STOPPED, "as asked"),
        (seen(pid=None, last_exit="exit 3", failed=True, runs=57), None, None, Health.CRASHING, "started 57 times"),
        (
            seen(pid=None, last_exit="exit 78: EX_CONFIG", failed=True),
            None,
            None,
            Health.CRASHING,
            "secaid service install",
        ),
        (seen(last_exit="exit 1", failed=True, runs=2), process(up=30), None, Health.RECOVERING, "lived for 30 s"),
        (seen(last_exit="exit 1", failed=True, runs=57), process(up=30), None, Health.CRASHING, "lived for 30 s"),
        (seen(last_exit="exit 1", failed=True, runs=57), process(up=4000), None, Health.RUNNING, "started 57 times"),
        (seen(loaded=False, pid=None), None, None, Health.STOPPED, "secaid service start"),
        (seen(loaded=False, pid=None, enabled=False), None, None, Health.DISABLED, "switched it off"),
        (seen(installed=False), None, None, Health.ABSENT, "secaid service install"),
    ],
)
def test_both_testimonies_make_the_verdict(one, heard, age, health: Health, words: str) -> None:
    found, says = judge(one, heard, now=NOW, age_seconds=age)
    assert (found, words in says) == (health, True), says


@given(
    runs=st.integers(3, 1000),
    up=st.floats(0, 599),
    pid=st.sampled_from([None, 7]),
    heard=st.booleans(),
    last=st.sampled_from(["exit 1", "exit 78: EX_CONFIG", "ended by signal 9 (Killed)"]),
)
def test_a_crash_loop_is_never_well(runs: int, up: float, pid: int | None, heard: bool, last: str) -> None:
    one = seen(runs=runs, pid=pid, last_exit=last, failed=True)
    health, _ = judge(one, process(up=up) if heard else None, now=NOW, age_seconds=up)
    assert health is Health.CRASHING


class Told:
    """A supervisor that says what it is told to."""

    name = "told"

    def __init__(self, *found: Seen) -> None:
        self._found = list(found)

    def look(self, _plan: Plan) -> list[Seen]:
        return self._found


def test_a_process_is_matched_by_its_pid_on_this_machine(plan: Plan) -> None:
    told = Told(seen(), seen(unit="analysis", pid=8))
    others = [process(host="elsewhere"), process(alive=False), process(pid=9)]
    verdicts = report(told, plan, others, age=lambda _pid: 1.0, now=NOW)
    assert [one.health for one in verdicts] == [Health.STARTING, Health.STARTING]
    verdicts = report(told, plan, [process()], age=lambda _pid: 1.0, now=NOW)
    assert [one.health for one in verdicts] == [Health.RUNNING, Health.STARTING]
    assert verdicts[0].heartbeat_at == NOW - 1.0


def test_last_words_are_few_and_masked(tmp_path: Path, plan: Plan) -> None:
    plan.output.mkdir(parents=True)
    secret = "ghp_" + "a" * 36
    (plan.output / "poll.err").write_text("x\n" * 5000 + f"\nfatal: token {secret}\nImportError: no module\n")
    (one,) = report(Told(seen(pid=None, failed=True, last_exit="exit 1")), plan, [], now=NOW)
    assert one.last_words[-1] == "ImportError: no module"
    assert len(one.last_words) == 3
    assert secret not in str(one.last_words)
    assert last_words(tmp_path / "nothing") == ()
