"""The light worker and its child, as real processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from daemon.domain.job import JobState
from daemon.store import processes, queue
from daemon.store.identity import own_identity

PATIENCE = 120.0


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def notes(house) -> str:
    with house.store.read() as connection:
        return " ".join(each.note or "" for each in processes.everyone(connection, one_host=True))


def test_a_worker_does_what_comes_and_its_child_stays_warm(either_house) -> None:
    either_house.worker()
    first = either_house.wait_for(either_house.add(do="pid"), "done")
    second = either_house.wait_for(either_house.add(do="pid"), "done")
    assert first.result == second.result
    assert len(either_house.effects()) == 2


def test_a_heartbeat_that_comes_right_after_the_last_commit_ends_no_child(house) -> None:
    """It waited for the lock that the commit let go, and finds the claim ended before the child can say so."""
    house.worker()
    jobs = [house.add(do="slow commit", seconds=1.5) for _ in range(2)]
    first, second = (house.wait_for(job, "done").result for job in jobs)
    assert first == second


def test_follow_up_jobs_come_with_the_completion(house) -> None:
    house.worker()
    job = house.add(follow=[{"kind": "later"}])
    house.wait_for(job, "done")
    with house.store.read() as connection:
        assert queue.counts(connection)["later"] == {"ready": 1}


@pytest.mark.parametrize(
    ("do", "cause", "words"),
    [
        ("segfault", "crashed", "SIGSEGV"),
        ("kill", "crashed", "SIGKILL"),
        ("exit", "crashed", "exit 3"),
        ("hoard", "memory", "memory"),
        ("permanent", "permanent", "this can never work"),
    ],
)
def test_a_poison_job_is_recorded_and_its_neighbour_goes_on(house, do: str, cause: str, words: str) -> None:
    house.worker(max_attempts=1)
    poison, neighbour = house.add(do=do), house.add()
    view = house.wait_for(poison, "dead")
    assert (view.cause, words in (view.reason or "")) == (cause, True), view.reason
    house.wait_for(neighbour, "done")


def test_a_crash_tells_what_the_child_last_said(house) -> None:
    house.worker(max_attempts=1)
    assert "Fatal Python error: Segmentation fault" in (house.wait_for(house.add(do="segfault"), "dead").reason or "")


def test_a_child_whose_scanners_grow_past_its_memory_is_ended_with_them(house) -> None:
    """Each process is below the limit, so only measuring the family can tell."""
    house.worker("enrichment", child_memory_mb=350)
    job = house.add("enrichment", do="greedy scanners", mb=200)
    house.wait(lambda: house.show(job).failures)
    failure = house.show(job).failures[0]
    assert failure.cause == "memory", failure.reason


def test_a_job_that_takes_too_long_is_ended(house) -> None:
    house.worker("brief")
    view = house.wait_for(house.add("brief", do="sleep", seconds=20), "dead")
    assert view.cause == "timeout"


def test_a_reason_that_no_text_can_hold_is_recorded_all_the_same(either_house) -> None:
    either_house.worker()
    view = either_house.wait_for(either_house.add(do="awkward words"), "dead")
    assert (view.cause, view.reason) == ("permanent", "a name like \\udcff, and a \ufffd")


def test_a_job_that_does_not_complete_is_an_error(house) -> None:
    house.worker(max_attempts=1)
    assert house.wait_for(house.add(do="forget"), "dead").cause == "incomplete"


def test_an_error_after_the_commit_changes_nothing(house) -> None:
    house.worker()
    assert house.wait_for(house.add(do="late"), "done", "dead").state is JobState.DONE


def test_a_failure_backs_off_and_is_tried_again(house) -> None:
    house.worker()
    view = house.wait_for(house.add(do="first fails"), "done")
    assert [failure.reason for failure in view.failures] == ["the first attempt always fails"]


def test_what_is_unavailable_postpones_and_spends_no_attempt(house) -> None:
    house.worker()
    job = house.add(do="unavailable")
    house.wait(lambda: house.show(job).postponed)
    view = house.show(job)
    assert (view.state, view.attempt, view.reason) == (JobState.READY, 0, "the scanner is not installed")


def test_a_database_that_was_away_for_a_moment_costs_no_attempt_and_no_long_wait(house, tmp_path) -> None:
    house.worker()
    view = house.wait_for(house.add(do="first finds no database", mark=str(tmp_path / "mark")), "done")
    assert (view.attempt, view.failures) == (1, ())


UNKNOWN = """
import sys
from daemon.errors import StoreUnavailable
from daemon.process import serve
from daemon.store import queue

claim, lost = queue.claim, []

def claim_and_lose_the_word(*given, **more):
    found = claim(*given, **more)
    if found and not lost:
        lost.append(found)
        raise StoreUnavailable("the connection was lost in the middle of the commit")
    return found

queue.claim = claim_and_lose_the_word
serve.main(sys.argv[1:])
"""


def test_a_claim_whose_commit_nobody_confirmed_costs_no_lease_and_no_attempt(either_house) -> None:
    job = either_house.add()
    # The worker that holds the claim lives, and its lease outlasts this test.
    either_house.worker(program=["-c", UNKNOWN], lease_seconds=3600)
    view = either_house.wait_for(job, "done")
    assert (view.attempt, view.failures) == (1, ())


def test_a_child_that_cannot_start_spends_no_attempt_and_status_says_why(house) -> None:
    house.worker("broken")
    job = house.add("broken")
    house.wait(lambda: "no module named anything" in notes(house))
    assert (house.show(job).state, house.show(job).attempt) == (JobState.READY, 0)


def test_a_running_job_is_cancelled_by_the_next_heartbeat(house, tmp_path: Path) -> None:
    """It never ends by itself, nor by its time: only the heartbeat can tell its worker."""
    house.worker("analysis")
    pid = tmp_path / "pid"
    job = house.add("analysis", do="deaf wait", until=str(tmp_path / "never"), pid=str(pid))
    house.wait(lambda: pid.exists() and pid.read_text())
    with house.store.begin() as connection:
        queue.cancel(connection, job)
    house.wait(lambda: not alive(int(pid.read_text())))
    later = house.add("analysis")
    house.wait_for(later, "done")
    assert [each for each, _ in house.effects()] == [later]


def test_stopping_a_worker_puts_its_job_back_without_spending_an_attempt(house, tmp_path: Path) -> None:
    worker = house.worker()
    pid = tmp_path / "pid"
    job = house.add(do="deaf wait", until=str(tmp_path / "never"), pid=str(pid))
    house.wait(lambda: pid.exists() and pid.read_text())
    # One that has run for less may end by itself, and is waited for.
    time.sleep(house.settings.queue.heartbeat_seconds)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE) == 0
    view = house.show(job)
    assert (view.state, view.attempt, view.cause) == (JobState.READY, 0, "stopped")
    with house.store.read() as connection:
        assert processes.everyone(connection, one_host=True) == []


def test_a_killed_worker_takes_its_child_and_its_scanners_along_and_its_job_runs_again(house, tmp_path: Path) -> None:
    worker = house.worker()
    pids = tmp_path / "pids"
    job = house.add(do="with scanner", pid=str(pids))
    house.wait(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    worker.kill()
    worker.wait()
    house.wait(lambda: not alive(int(pids.read_text().split()[0])))
    house.worker()
    house.wait(lambda: house.show(job).attempt == 2)


def test_a_worker_that_stood_still_past_its_lease_can_write_nothing_when_it_goes_on(house, tmp_path: Path) -> None:
    worker, pid, until = house.worker("alone"), tmp_path / "pid", tmp_path / "until"
    job = house.add("alone", do="deaf wait", until=str(until), pid=str(pid))
    house.wait(lambda: pid.exists() and pid.read_text())
    stopped = [worker.pid, int(pid.read_text())]
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    until.touch()
    other = house.worker("alone", lease_seconds=1.5)
    assert house.wait_for(job, "done").attempt == 2
    other.terminate()
    other.wait(PATIENCE)
    for process in stopped:
        os.kill(process, signal.SIGCONT)
    # It takes another job when it has settled the one it lost.
    later = house.add("alone")
    house.wait_for(later, "done")
    assert sorted(each for each, _ in house.effects()) == [job, later]
    assert worker.poll() is None


def test_an_idle_child_gives_its_memory_back(house) -> None:
    house.worker(idle_exit_seconds=1)
    pid = house.wait_for(house.add(do="pid"), "done").result
    house.wait(lambda: not alive(pid))
    assert house.wait_for(house.add(do="pid"), "done").result != pid


def test_no_more_jobs_run_at_once_than_the_kind_allows(house) -> None:
    for _ in range(2):
        house.worker("alone")
    jobs = [house.add("alone", do="sleep", seconds=0.2) for _ in range(4)]
    most = 0
    while any(house.show(job).state is not JobState.DONE for job in jobs):
        with house.store.read() as connection:
            most = max(most, queue.counts(connection)["alone"].get("claimed", 0))
    assert most == 1


def test_training_waits_for_its_batch_however_that_ends(either_house) -> None:
    batch = [either_house.add("enrichment") for _ in range(2)]
    training = either_house.add("training")
    either_house.worker("training", heavy_kinds=())
    either_house.wait(lambda: "waits for its batch: 2 analysis and enrichment" in notes(either_house))
    done, dead = queue.claim(either_house.store, "enrichment", own_identity(), limit=2)
    with either_house.store.begin() as connection:
        queue.finish(connection, done)
    either_house.wait(lambda: "waits for its batch: 1 analysis and enrichment" in notes(either_house), 60)
    assert (either_house.show(training).state, either_house.show(training).attempt) == (JobState.READY, 0)
    with either_house.store.begin() as connection:
        queue.fail(connection, dead, queue.Cause.PERMANENT, "poison", run_at=0.0, permanent=True)
    either_house.wait_for(training, "done", seconds=60)
    assert [either_house.show(job).state for job in batch] == ["done", "dead"]


def test_a_worker_leaves_politely_when_a_newer_secaid_has_upgraded_the_database(house) -> None:
    worker = house.worker()
    # Its child is warm, so that no start of one makes it look.
    house.wait_for(house.add(), "done")
    time.sleep(house.settings.queue.heartbeat_seconds)
    with house.store.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999_future'")
    job = house.add()
    assert worker.wait(PATIENCE) == 3
    assert (house.show(job).state, house.show(job).attempt) == (JobState.READY, 0)
