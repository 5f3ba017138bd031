"""What the queue promises, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from daemon.domain.job import Job, JobState, NewJob
from daemon.errors import LostClaim
from daemon.store import queue
from daemon.store.engine import Store
from daemon.store.queue import Cause

WORKER = "host/boot/ns/1/1"


def add(store: Store, *jobs: NewJob) -> list[int]:
    with store.begin() as connection:
        return [queue.enqueue(connection, job).id for job in jobs]


def take(store: Store, kind: str = "analysis", **options: object) -> Job:
    (job,) = queue.claim(store, kind, WORKER, **options)
    return job


def finish(store: Store, job: Job, result: object = None) -> None:
    with store.begin() as connection:
        queue.finish(connection, job, result)


def fail(store: Store, job: Job, *, run_at: float = 0.0, permanent: bool = False) -> JobState:
    with store.begin() as connection:
        return queue.fail(connection, job, Cause.ERROR, "it broke", run_at=run_at, permanent=permanent)


def state(store: Store, job_id: int) -> JobState:
    with store.read() as connection:
        view = queue.show(connection, job_id)
    assert view is not None
    return view.state


ANALYSIS = NewJob(kind="analysis")


def test_a_job_is_claimed_once_and_finished_with_its_result(store: Store) -> None:
    (job_id,) = add(store, NewJob(kind="analysis", payload={"artifact": 7}))
    job = take(store)
    assert (job.id, job.payload, job.attempt, job.max_attempts) == (job_id, {"artifact": 7}, 1, 5)
    assert queue.claim(store, "analysis", WORKER) == []
    finish(store, job, {"findings": 3})
    with store.read() as connection:
        view = queue.show(connection, job_id)
    assert view is not None
    assert (view.state, view.result, view.progress) == (JobState.DONE, {"findings": 3}, 1.0)


def test_jobs_come_by_priority_then_by_age(store: Store) -> None:
    low, high, low_too = add(store, ANALYSIS, NewJob(kind="analysis", priority=5), ANALYSIS)
    assert [job.id for job in queue.claim(store, "analysis", WORKER, limit=10)] == [high, low, low_too]


def test_a_claim_takes_only_its_kinds_and_its_limit(store: Store) -> None:
    add(store, ANALYSIS, ANALYSIS, NewJob(kind="training"))
    jobs = queue.claim(store, ["training", "analysis"], WORKER, limit=2)
    assert [job.kind for job in jobs] == ["training", "analysis"]


def test_a_scheduled_job_waits_for_its_time(store: Store) -> None:
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    (job_id,) = add(store, NewJob(kind="analysis", run_at=tomorrow))
    assert queue.claim(store, "analysis", WORKER) == []
    with store.read() as connection:
        assert 86_000 < (queue.next_due(connection, ["analysis"]) or 0) <= 86_400
    assert take(store, now=tomorrow.timestamp() + 1).id == job_id


def test_a_stale_token_changes_nothing(store: Store) -> None:
    (job_id,) = add(store, ANALYSIS)
    stale = take(store)
    fail(store, stale)
    current = take(store)
    for act in (finish, fail):
        with pytest.raises(LostClaim, match="no longer this worker's"):
            act(store, stale)
    with store.begin() as connection:
        assert queue.renew(connection, [stale, current]) == [stale]
        assert not queue.still_claimed(connection, stale)
        with pytest.raises(LostClaim):
            queue.progress(connection, stale, 0.5)
        with pytest.raises(LostClaim):
            queue.postpone(connection, stale, "away", run_at=0)
    assert state(store, job_id) is JobState.CLAIMED
    finish(store, current)


def test_effects_completion_and_follow_ups_commit_together_or_not_at_all(store: Store) -> None:
    add(store, ANALYSIS)
    job = take(store)

    def finish_and_break() -> None:
        with store.begin() as connection:
            queue.enqueue(connection, NewJob(kind="enrichment"))
            queue.finish(connection, job)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        finish_and_break()
    with store.read() as connection:
        assert queue.counts(connection) == {"analysis": {"claimed": 1}}


def test_a_failed_job_is_tried_again_until_its_attempts_are_spent_and_every_failure_is_kept(store: Store) -> None:
    (job_id,) = add(store, NewJob(kind="analysis", max_attempts=2))
    assert fail(store, take(store), run_at=100.0) is JobState.READY
    assert queue.claim(store, "analysis", WORKER, now=99.0) == []
    assert fail(store, take(store)) is JobState.DEAD
    with store.read() as connection:
        view = queue.show(connection, job_id)
    assert view is not None
    assert (view.cause, view.reason) == ("error", "it broke")
    assert [(failure.attempt, failure.cause) for failure in view.failures] == [(1, "error"), (2, "error")]


def test_a_permanent_failure_kills_at_once_and_a_dead_job_can_be_requeued(store: Store) -> None:
    (job_id,) = add(store, ANALYSIS)
    assert fail(store, take(store), permanent=True) is JobState.DEAD
    with store.begin() as connection:
        assert queue.requeue(connection, job_id)
        assert not queue.requeue(connection, job_id)
    assert take(store).attempt == 1


def test_a_postponed_job_spends_no_attempt(store: Store) -> None:
    (job_id,) = add(store, NewJob(kind="analysis", max_attempts=1))
    for _ in range(3):
        job = take(store)
        assert job.attempt == 1
        with store.begin() as connection:
            queue.postpone(connection, job, "zizmor is not installed", run_at=0.0)
    with store.read() as connection:
        view = queue.show(connection, job_id)
        assert view is not None
        assert (view.attempt, view.postponed, view.cause) == (0, 3, "unavailable")
        assert queue.runnable(connection, ["analysis"]) == 0


def test_a_job_that_found_no_database_for_a_moment_is_waited_for(store: Store) -> None:
    add(store, NewJob(kind="analysis"))
    job = take(store)
    with store.begin() as connection:
        queue.postpone(connection, job, "disk full", run_at=time.time() + 5, cause=queue.Cause.STORE)
        assert queue.runnable(connection, ["analysis"]) == 1


def test_a_unique_key_is_held_while_a_job_with_it_is_unfinished(store: Store) -> None:
    wish = NewJob(kind="analysis", unique_key="artifact:1")
    with store.begin() as connection:
        first = queue.enqueue(connection, wish)
        second = queue.enqueue(connection, wish)
    assert (first.created, second) == (True, (first.id, False))
    job = take(store)
    assert add(store, wish) == [first.id]
    finish(store, job)
    assert add(store, wish) != [first.id]


def test_a_requeue_gives_way_to_the_job_that_has_taken_its_unique_key(store: Store) -> None:
    wish = NewJob(kind="analysis", unique_key="artifact:1")
    (dead,) = add(store, wish)
    fail(store, take(store), permanent=True)
    add(store, wish)
    with store.begin() as connection:
        assert not queue.requeue(connection, dead)
        assert queue.counts(connection) == {"analysis": {"dead": 1, "ready": 1}}


@pytest.mark.parametrize("ending", ["finish", "bury", "cancel"])
def test_a_coalesced_job_asked_for_while_it_runs_runs_once_more(store: Store, ending: str) -> None:
    wish = NewJob(kind="indexing", unique_key="index", coalesce=True, payload={"upto": 1})
    (first,) = add(store, wish)
    job = take(store, "indexing")
    later = NewJob(kind="indexing", unique_key="index", coalesce=True, payload={"upto": 2})
    assert add(store, later, later) == [first, first]
    if ending == "finish":
        finish(store, job)
    elif ending == "bury":
        fail(store, job, permanent=True)
    else:
        with store.begin() as connection:
            queue.cancel(connection, first)
    again = take(store, "indexing")
    assert (again.payload, again.unique_key, again.attempt) == ({"upto": 2}, "index", 1)
    finish(store, again)
    assert queue.claim(store, "indexing", WORKER) == []


def test_a_coalesced_job_that_still_waits_takes_the_newer_payload(store: Store) -> None:
    for upto in (1, 2):
        add(store, NewJob(kind="indexing", unique_key="index", coalesce=True, payload={"upto": upto}))
    assert take(store, "indexing").payload == {"upto": 2}


def test_a_claim_nobody_was_told_of_is_given_back_and_others_stay(store: Store) -> None:
    with store.begin() as connection:
        queue.enqueue_many(connection, [NewJob(kind="analysis")] * 3)
    unknown = queue.claim(store, "analysis", "this/worker", limit=2)
    (other,) = queue.claim(store, "analysis", "another/worker")
    with store.begin() as connection:
        assert sorted(queue.give_back(connection, "this/worker")) == [job.id for job in unknown]
        assert queue.still_claimed(connection, other)
        views = [queue.show(connection, job.id) for job in unknown]
    assert [(view.state, view.attempt, view.failures) for view in views if view] == [("ready", 0, ())] * 2
    with store.begin() as connection, pytest.raises(LostClaim):
        queue.finish(connection, unknown[0])


def test_a_job_that_coalesces_cannot_wait_for_others_too(store: Store) -> None:
    with store.begin() as connection, pytest.raises(ValueError, match="the twin would not"):
        queue.enqueue(connection, NewJob(kind="training", unique_key="training", coalesce=True, after=(1,)))


def test_a_job_waits_for_all_it_needs(store: Store) -> None:
    first, second = add(store, ANALYSIS, ANALYSIS)
    (training,) = add(store, NewJob(kind="training", after=(first, second)))
    assert state(store, training) is JobState.BLOCKED
    finish(store, take(store))
    assert queue.claim(store, "training", WORKER) == []
    finish(store, take(store))
    assert take(store, "training").id == training


def test_a_job_whose_needs_are_done_or_pruned_is_ready_at_once(store: Store) -> None:
    (first,) = add(store, ANALYSIS)
    finish(store, take(store))
    assert state(store, add(store, NewJob(kind="training", after=(first, 999_999)))[0]) is JobState.READY


def test_a_job_stays_blocked_by_a_dead_one_and_goes_on_when_that_is_requeued(store: Store) -> None:
    (first,) = add(store, ANALYSIS)
    (training,) = add(store, NewJob(kind="training", after=(first,)))
    fail(store, take(store), permanent=True)
    assert state(store, training) is JobState.BLOCKED
    with store.begin() as connection:
        queue.requeue(connection, first)
    finish(store, take(store))
    assert state(store, training) is JobState.READY


def test_a_cancelled_and_requeued_dependent_still_waits(store: Store) -> None:
    (first,) = add(store, ANALYSIS)
    (training,) = add(store, NewJob(kind="training", after=(first,)))
    with store.begin() as connection:
        queue.cancel(connection, training)
        queue.requeue(connection, training)
    assert state(store, training) is JobState.BLOCKED
    finish(store, take(store))
    assert state(store, training) is JobState.READY


def test_a_running_job_that_is_cancelled_can_write_nothing_more(store: Store) -> None:
    (job_id,) = add(store, ANALYSIS)
    job = take(store)
    with store.begin() as connection:
        assert queue.cancel(connection, job_id) is JobState.CLAIMED
        assert queue.cancel(connection, job_id) is None
        assert queue.renew(connection, [job]) == [job]
    with pytest.raises(LostClaim):
        finish(store, job)
    assert state(store, job_id) is JobState.CANCELLED


def test_a_paused_kind_gives_no_job_until_it_is_resumed(store: Store) -> None:
    add(store, ANALYSIS)
    with store.begin() as connection:
        queue.pause(connection, "analysis", reason="on battery")
    assert queue.claim(store, "analysis", WORKER) == []
    with store.read() as connection:
        assert queue.next_due(connection, ["analysis"]) is None
        assert queue.runnable(connection, ["analysis"]) == 0
    with store.begin() as connection:
        queue.resume(connection, "analysis")
    take(store)


def test_no_more_jobs_of_a_kind_run_at_once_than_its_limit(store: Store) -> None:
    add(store, *[ANALYSIS] * 5)
    with store.begin() as connection:
        queue.set_concurrency(connection, "analysis", 2)
    held = queue.claim(store, "analysis", WORKER, limit=5)
    assert len(held) == 2
    assert queue.claim(store, "analysis", WORKER) == []
    finish(store, held[0])
    assert len(queue.claim(store, "analysis", WORKER, limit=5)) == 1


def test_many_plain_jobs_are_added_in_order(store: Store) -> None:
    wishes = [NewJob(kind="analysis", payload={"n": n}) for n in range(100)]
    with store.begin() as connection:
        added = queue.enqueue_many(connection, wishes)
        assert queue.enqueue_many(connection, []) == []
    ids = [each.id for each in added]
    assert ids == sorted(ids)
    claimed = queue.claim(store, "analysis", WORKER, limit=100)
    assert [(job.id, job.payload["n"]) for job in claimed] == list(zip(ids, range(100), strict=True))


def test_progress_is_kept_and_secrets_in_reasons_are_masked(store: Store) -> None:
    (job_id,) = add(store, ANALYSIS)
    job = take(store)
    with store.begin() as connection:
        queue.progress(connection, job, 1.5, "page 3")
        queue.progress(connection, job, 0.25)
    with store.read() as connection:
        view = queue.show(connection, job_id)
    assert view is not None
    assert (view.progress, view.note) == (0.25, "page 3")
    secret = "ghp_" + "a1B2" * 9
    with store.begin() as connection:
        queue.fail(connection, job, Cause.ERROR, f"token {secret} was refused", run_at=0)
    with store.read() as connection:
        view = queue.show(connection, job_id)
    assert view is not None
    assert secret not in (view.reason or "")
    assert secret not in view.failures[0].reason


def test_old_finished_jobs_are_pruned_and_no_id_is_given_twice(store: Store) -> None:
    ids = add(store, ANALYSIS, ANALYSIS, ANALYSIS)
    for _ in ids:
        finish(store, take(store))
    with store.begin() as connection:
        assert queue.prune(connection, before=0) == 0
        assert queue.prune(connection, before=4e9) == 2
    assert add(store, ANALYSIS) > ids[-1:]


def test_a_job_that_went_on_since_it_was_looked_for_is_not_pruned(store: Store) -> None:
    first, second, _ = add(store, ANALYSIS, ANALYSIS, ANALYSIS)
    for _ in range(2):
        fail(store, take(store), permanent=True)
    with store.read() as connection:
        found = queue.prunable(connection, before=4e9)
    assert found == [first, second]
    with store.begin() as connection:
        assert queue.requeue(connection, first)
    with store.begin() as connection:
        assert queue.prune(connection, before=4e9, among=found) == 1
        assert queue.show(connection, first) is not None


def test_a_dead_job_that_another_waits_for_is_not_pruned(store: Store) -> None:
    (first,) = add(store, ANALYSIS)
    add(store, NewJob(kind="training", after=(first,)))
    fail(store, take(store), permanent=True)
    with store.begin() as connection:
        assert queue.prune(connection, before=4e9) == 0


def test_a_clock_set_back_by_a_day_delays_no_retry(store: Store) -> None:
    (job_id,) = add(store, ANALYSIS)
    day = 86_400.0
    now = 2_000_000_000.0
    job = take(store, now=now)
    with store.begin() as connection:
        queue.fail(connection, job, Cause.ERROR, "it broke", run_at=now + 5, now=now)
    assert queue.claim(store, "analysis", WORKER, now=now - day) == []
    with store.begin() as connection:
        assert queue.undo_clock_step(connection, now=now + 1) == 0
        assert queue.undo_clock_step(connection, now=now - day) == 1
    assert take(store, now=now - day).id == job_id


def test_a_job_without_a_date_needs_no_clock(store: Store) -> None:
    add(store, ANALYSIS)
    assert queue.claim(store, "analysis", WORKER, now=1.0)


def test_lists_show_the_newest_first_page_by_page(store: Store) -> None:
    ids = add(store, *[ANALYSIS] * 3, NewJob(kind="training"))
    with store.read() as connection:
        page = queue.jobs_list(connection, kinds=["analysis"], states=["ready"], limit=2)
        rest = queue.jobs_list(connection, kinds=["analysis"], before_id=page[-1].id)
        assert [job.id for job in page + rest] == [ids[2], ids[1], ids[0]]
        assert queue.show(connection, 999_999) is None
