"""Everything that can happen to jobs, in any order, against a model: nothing is lost, nothing happens twice.

`HYPOTHESIS_PROFILE=thorough` looks for longer; `make faults` does.
"""

from __future__ import annotations

import datetime as dt
import os
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from daemon.domain.job import Job, NewJob
from daemon.errors import LostClaim
from daemon.store import queue
from daemon.store.engine import Store
from daemon.store.queue import Cause, Reaper

_BOUNDS = {"max_examples": 60, "stateful_step_count": 50}
_THOROUGH = {"max_examples": 1000, "stateful_step_count": 80}
_KINDS = ("analysis", "training")
_LEASE = 60.0
_HEARTBEAT = 15.0
_NOW = 2_000_000_000.0
_TABLES = ("jobs", "job_needs", "job_failures", "job_kinds", "effects")
FAR = "elsewhere/?/ns/1/1"
"""A worker of which nobody here can know whether it lives, so that only its silence can tell."""

_kinds = st.sampled_from((*_KINDS, "analysis", "analysis"))
_live = ("blocked", "ready", "claimed")


class Modelled:
    """What one job must look like."""

    def __init__(self, wish: NewJob, state: str, needs: set[int]) -> None:
        self.wish = wish
        self.payload = wish.payload
        self.state = state
        self.needs = needs
        self.attempt = 0
        self.token: str | None = None
        self.run_at = wish.run_at.timestamp() if wish.run_at else 0.0
        self.again: dict[str, Any] | None = None


class QueueMachine(RuleBasedStateMachine):
    """The model keeps every job that was ever promised; the database must agree after every step."""

    store: ClassVar[Store]
    jobs = Bundle("jobs")
    claims = Bundle("claims")
    """Claims that stand, and stale ones: their holders do not know."""

    def __init__(self) -> None:
        super().__init__()
        self.now = _NOW
        self.clock = 0.0
        self.model: dict[int, Modelled] = {}
        self.tokens: set[str] = set()
        self.effects: dict[tuple[int, str], int] = {}
        self.paused: set[str] = set()
        self.limits: dict[str, int | None] = {}
        self.beats: dict[str, float] = {}
        self.reaper = Reaper(self.store, lease_seconds=_LEASE, heartbeat_seconds=_HEARTBEAT, clock=lambda: self.clock)
        self.serial = 0
        with self.store.begin() as connection:
            for table in _TABLES:
                connection.execute(text(f"DELETE FROM {table}"))

    # What is asked for.

    @rule(
        target=jobs,
        kind=_kinds,
        priority=st.integers(-1, 1),
        delay=st.sampled_from([None, 30]),
        most=st.integers(1, 3),
        key=st.sampled_from([None, "one"]),
        coalesce=st.booleans(),
    )
    def enqueue(self, kind: str, priority: int, delay: int | None, most: int, key: str | None, coalesce: bool) -> Any:
        run_at = None if delay is None else dt.datetime.fromtimestamp(self.now + delay, dt.UTC)
        key = key and f"{kind}:{key}"
        return self._enqueue(
            self._wish(
                kind=kind, priority=priority, run_at=run_at, max_attempts=most, unique_key=key, coalesce=coalesce
            )
        )

    @rule(target=jobs, kind=_kinds, needs=st.lists(jobs, min_size=1, max_size=2))
    def enqueue_dependent(self, kind: str, needs: list[int]) -> Any:
        return self._enqueue(self._wish(kind=kind, after=tuple(needs)))

    @initialize(target=jobs, kind=_kinds, number=st.integers(2, 4))
    def begin(self, kind: str, number: int) -> Any:
        return self.enqueue_many(kind, number)

    @rule(target=jobs, kind=_kinds, number=st.integers(2, 4))
    def enqueue_many(self, kind: str, number: int) -> Any:
        wishes = [self._wish(kind=kind, priority=at % 2) for at in range(number)]
        with self.store.begin() as connection:
            added = queue.enqueue_many(connection, wishes, now=self.now)
        for wish, each in zip(wishes, added, strict=True):
            assert each.created
            self.model[each.id] = Modelled(wish, "ready", set())
        return multiple(*(each.id for each in added))

    # What workers do.

    @precondition(lambda self: any(map(self._claimable, _KINDS)))
    @rule(target=claims, data=st.data(), limit=st.integers(1, 3))
    def claim(self, data: st.DataObject, limit: int) -> Any:
        kind = data.draw(st.sampled_from([kind for kind in _KINDS if self._claimable(kind)]))
        found = queue.claim(self.store, kind, FAR, limit=limit, max_attempts=2, now=self.now)
        expected = self._claimable(kind)[:limit]
        assert [job.id for job in found] == expected
        for job in found:
            self._take(job)
        return multiple(*found)

    @rule(job=claims)
    def heartbeat(self, job: Job) -> None:
        with self.store.begin() as connection:
            lost = queue.renew(connection, [job], now=self.now)
        assert bool(lost) is not self._stands(job)
        if not lost:
            self.beats[job.token + str(job.id)] = self.clock

    @rule(job=claims, fraction=st.floats(0, 1))
    def progress(self, job: Job, fraction: float) -> None:
        self._try(job, lambda connection: queue.progress(connection, job, fraction, now=self.now))
        if self._stands(job):
            self.beats[job.token + str(job.id)] = self.clock

    @rule(job=claims, times=st.sampled_from([1, 1, 2]))
    def finish(self, job: Job, times: int) -> None:
        for _ in range(times):
            if self._try(job, lambda connection: self._complete(connection, job)):
                self.effects[job.id, job.token] = 1
                self._end(job.id, "done")
                self._unblock(job.id)

    @rule(jobs_=st.lists(claims, min_size=1, max_size=3, unique_by=lambda job: job.id))
    def finish_together(self, jobs_: list[Job]) -> None:
        def complete(connection: Any) -> None:
            for job in jobs_:
                _effect(connection, job)
            queue.finish_many(connection, jobs_, now=self.now)

        if not all(self._stands(job) for job in jobs_):
            with pytest.raises(LostClaim), self.store.begin() as connection:
                complete(connection)
            return
        with self.store.begin() as connection:
            complete(connection)
        for job in jobs_:
            self.effects[job.id, job.token] = 1
            self._end(job.id, "done")
            self._unblock(job.id)

    @rule(job=claims, permanent=st.booleans(), delay=st.sampled_from([0.0, 20.0]))
    def fail(self, job: Job, permanent: bool, delay: float) -> None:
        def act(connection: Any) -> None:
            queue.fail(
                connection, job, Cause.ERROR, "broke", run_at=self.now + delay, permanent=permanent, now=self.now
            )

        if self._try(job, act):
            if permanent or job.attempt >= job.max_attempts:
                self._end(job.id, "dead")
            else:
                self._release(job.id, self.now + delay)

    @rule(job=claims)
    def postpone(self, job: Job) -> None:
        if self._try(job, lambda connection: queue.postpone(connection, job, "away", run_at=self.now, now=self.now)):
            self._release(job.id, self.now)
            self.model[job.id].attempt -= 1

    # What time and people do.

    @rule(step=st.sampled_from([-86_400.0, 86_400.0]))
    def somebody_sets_the_clock(self, step: float) -> None:
        self.now += step
        with self.store.begin() as connection:
            queue.undo_clock_step(connection, now=self.now)
            rows = connection.execute(text("SELECT id, run_at FROM jobs WHERE state = 'ready'")).all()
        for id_, run_at in rows:
            job = self.model[id_]
            assert run_at <= job.run_at
            job.run_at = run_at

    @rule(seconds=st.sampled_from([1.0, 16.0, 61.0]))
    def expire(self, seconds: float) -> None:
        """Time passes. A silent worker loses its claims, and one that was heard within its lease never does."""
        self.now += seconds
        self.clock += seconds
        held = {(id_, job.token) for id_, job in self.model.items() if job.state == "claimed"}
        for id_ in self.reaper.reap(now=self.now):
            job = self.model[id_]
            assert (id_, job.token) in held
            assert self.clock - self.beats[f"{job.token}{id_}"] >= _LEASE
            last = job.attempt >= (job.wish.max_attempts or 2)
            if last:
                self._end(id_, "dead")
            else:
                self._release(id_, 0.0)

    @rule(job=jobs)
    def cancel(self, job: int) -> None:
        modelled = self.model[job]
        with self.store.begin() as connection:
            before = queue.cancel(connection, job, now=self.now)
        assert before == (modelled.state if modelled.state in _live else None)
        if before is not None:
            self._end(job, "cancelled")

    @rule(job=jobs)
    def requeue(self, job: int) -> None:
        modelled = self.model[job]
        with self.store.begin() as connection:
            done = queue.requeue(connection, job)
        twin = modelled.wish.unique_key and self._holder(modelled.wish.unique_key)
        assert done is (modelled.state in {"dead", "cancelled"} and not twin)
        if done:
            modelled.state = "blocked" if modelled.needs else "ready"
            modelled.attempt, modelled.run_at = 0, 0.0

    @rule(kind=_kinds, stays=st.sampled_from([False, False, True]))
    def pause(self, kind: str, stays: bool) -> None:
        with self.store.begin() as connection:
            queue.pause(connection, kind)
        assert queue.claim(self.store, kind, FAR, limit=3, now=self.now) == []
        self.paused.add(kind)
        if not stays:
            self._resume(kind)

    @precondition(lambda self: self.paused)
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        self._resume(data.draw(st.sampled_from(sorted(self.paused))))

    @rule(kind=_kinds, most=st.sampled_from([None, None, None, 1, 2]))
    def limit(self, kind: str, most: int | None) -> None:
        with self.store.begin() as connection:
            queue.set_concurrency(connection, kind, most)
        self.limits[kind] = most

    # What must always hold.

    @invariant()
    def the_database_agrees_with_the_model(self) -> None:
        """No job lost or made up; each in its state, with its attempts; a stale token changed nothing."""
        columns = "id, state, attempt, token, payload, waiting"
        with self.store.read() as connection:
            rows = connection.execute(text(f"SELECT {columns} FROM jobs")).all()
            effects = connection.execute(text("SELECT job, token, count(*) FROM effects GROUP BY job, token")).all()
        found = {row.id: (row.state, row.attempt, row.token, row.waiting) for row in rows}
        assert found == {id_: (job.state, job.attempt, job.token, len(job.needs)) for id_, job in self.model.items()}
        assert {row.id: row.payload for row in rows} == {id_: _json(job.payload) for id_, job in self.model.items()}
        assert {(job, token): number for job, token, number in effects} == self.effects
        done = {id_ for id_, job in self.model.items() if job.state == "done"}
        assert sorted(job for job, _ in self.effects) == sorted(done)

    @invariant()
    def no_key_is_held_twice(self) -> None:
        keys = [job.wish.unique_key for job in self.model.values() if job.wish.unique_key and job.state in _live]
        assert len(keys) == len(set(keys))

    def _resume(self, kind: str) -> None:
        with self.store.begin() as connection:
            queue.resume(connection, kind)
        self.paused.discard(kind)

    def _wish(self, **fields: Any) -> NewJob:
        self.serial += 1
        return NewJob(payload={"serial": self.serial}, **fields)

    def _enqueue(self, wish: NewJob) -> Any:
        with self.store.begin() as connection:
            added = queue.enqueue(connection, wish, now=self.now)
        twin = wish.unique_key and self._holder(wish.unique_key)
        if twin:
            assert (added.id, added.created) == (twin, False)
            if wish.coalesce:
                held = self.model[twin]
                if held.state == "claimed":
                    held.again = wish.payload
                else:
                    held.payload = wish.payload
            return multiple()
        assert added.created
        assert added.id not in self.model
        needs = {need for need in wish.after if self.model[need].state != "done"}
        self.model[added.id] = Modelled(wish, "blocked" if needs else "ready", needs)
        return added.id

    def _claimable(self, kind: str) -> list[int]:
        of_kind = {id_: job for id_, job in self.model.items() if job.wish.kind == kind}
        ready = [id_ for id_, job in of_kind.items() if job.state == "ready" and job.run_at <= self.now]
        ready.sort(key=lambda id_: (-of_kind[id_].wish.priority, of_kind[id_].run_at, id_))
        if kind in self.paused:
            return []
        most = self.limits.get(kind)
        if most is None:
            return ready
        running = sum(job.state == "claimed" for job in of_kind.values())
        return ready[: max(0, most - running)]

    def _take(self, job: Job) -> None:
        modelled = self.model[job.id]
        modelled.state, modelled.token = "claimed", job.token
        modelled.attempt += 1
        assert (job.payload, job.attempt) == (modelled.payload, modelled.attempt)
        assert job.max_attempts == (modelled.wish.max_attempts or 2)
        assert f"{job.token}{job.id}" not in self.beats
        self.beats[f"{job.token}{job.id}"] = self.clock

    def _stands(self, job: Job) -> bool:
        return self.model[job.id].token == job.token

    def _try(self, job: Job, act: Any) -> bool:
        """Act with this claim's token; that it changes something exactly when the claim stands."""
        stands = self._stands(job)
        try:
            with self.store.begin() as connection:
                act(connection)
        except LostClaim:
            assert not stands
            return False
        assert stands
        return True

    def _complete(self, connection: Any, job: Job) -> None:
        # The effect comes first, as a job's function writes it: it must go when the claim turns out to be stale.
        _effect(connection, job)
        queue.finish(connection, job, now=self.now)

    def _release(self, id_: int, run_at: float) -> None:
        job = self.model[id_]
        job.state, job.token, job.run_at = "ready", None, run_at

    def _end(self, id_: int, state: str) -> None:
        job = self.model[id_]
        job.state, job.token = state, None
        again, job.again = job.again, None
        if again is not None:
            # The run that was asked for while this one ran: found by what the database made of it.
            wish = NewJob(
                kind=job.wish.kind,
                payload=again,
                priority=job.wish.priority,
                unique_key=job.wish.unique_key,
                coalesce=True,
            )
            with self.store.read() as connection:
                query = text("SELECT max(id) FROM jobs WHERE unique_key = :key")
                new = connection.execute(query, {"key": wish.unique_key}).scalar_one()
            assert new not in self.model, "the run that was asked for is lost"
            self.model[new] = Modelled(wish, "ready", set())

    def _unblock(self, done: int) -> None:
        for job in self.model.values():
            if done in job.needs:
                job.needs.discard(done)
                if not job.needs and job.state == "blocked":
                    job.state = "ready"

    def _holder(self, key: str) -> int | None:
        return next((id_ for id_, job in self.model.items() if job.wish.unique_key == key and job.state in _live), None)


def _effect(connection: Any, job: Job) -> None:
    connection.execute(
        text("INSERT INTO effects (job, token) VALUES (:job, :token)"), {"job": job.id, "token": job.token}
    )


def _json(payload: dict[str, Any]) -> str:
    return msgspec.json.encode(payload).decode()


def test_no_job_is_lost_no_result_is_written_twice_and_a_stale_token_changes_nothing(store: Store) -> None:
    with store.begin() as connection:
        connection.execute(text("CREATE TABLE effects (job BIGINT, token TEXT)"))
    machine = type("Machine", (QueueMachine,), {"store": store})
    bounds = _THOROUGH if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else _BOUNDS
    run_state_machine_as_test(
        machine,
        settings=settings(
            **bounds,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate, Phase.target, Phase.shrink],
        ),
    )
