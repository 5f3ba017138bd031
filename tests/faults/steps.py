"""Kills a process with SIGKILL inside of every operation of the queue, and looks at what it left.

    python tests/faults/steps.py URL_OR_PATH ROUNDS [SEED]

Half of the rounds kill at a chosen line of Python (counted by a trace, so that every line comes up in time), the
others at a random moment from outside, which also hits the inside of SQLite's calls. The victims are forks of this
process, which keeps no connection open. Prints one JSON document.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any

import ledger

from daemon.domain.job import Job, NewJob
from daemon.store import queue
from daemon.store.engine import Store
from daemon.store.identity import own_identity
from daemon.store.opening import open_store
from daemon.store.queue import Cause

_WISH = NewJob(kind="analysis", payload={"artifact": 7}, max_attempts=1_000_000)
_FOLLOW_UP = NewJob(kind="later", payload={})
Promise = Callable[[int], None]
"""Tell the parent of a job that was committed; it must never be lost."""
Act = Callable[[Store, Job | None, Promise], None]


def enqueue(store: Store, _: Job | None, promise: Promise) -> None:
    with store.begin() as connection:
        added = queue.enqueue(connection, _WISH)
    promise(added.id)


def enqueue_many(store: Store, _: Job | None, promise: Promise) -> None:
    with store.begin() as connection:
        added = queue.enqueue_many(connection, [_WISH] * 3)
    for each in added:
        promise(each.id)


def enqueue_dependent(store: Store, job: Job | None, promise: Promise) -> None:
    assert job is not None
    wish = NewJob(kind="analysis", after=(job.id,), max_attempts=1_000_000)
    with store.begin() as connection:
        added = queue.enqueue(connection, wish)
    promise(added.id)


def claim(store: Store, _: Job | None, promise: Promise) -> None:
    queue.claim(store, "analysis", own_identity(), limit=2)


def heartbeat(store: Store, job: Job | None, promise: Promise) -> None:
    assert job is not None
    with store.begin() as connection:
        queue.renew(connection, [job])


def progress(store: Store, job: Job | None, promise: Promise) -> None:
    assert job is not None
    with store.begin() as connection:
        queue.progress(connection, job, 0.5, "half")


def complete(store: Store, job: Job | None, promise: Promise) -> None:
    assert job is not None
    with store.begin() as connection:
        ledger.write(connection, job)
        queue.enqueue(connection, _FOLLOW_UP)
        queue.finish(connection, job, {"findings": 3})


def fail(store: Store, job: Job | None, promise: Promise) -> None:
    assert job is not None
    with store.begin() as connection:
        queue.fail(connection, job, Cause.ERROR, "it broke", run_at=0.0)


def postpone(store: Store, job: Job | None, promise: Promise) -> None:
    assert job is not None
    with store.begin() as connection:
        queue.postpone(connection, job, "away", run_at=0.0)


def reap(store: Store, _: Job | None, promise: Promise) -> None:
    queue.Reaper(store, lease_seconds=60, heartbeat_seconds=15).reap()


def cancel_and_requeue(store: Store, job: Job | None, promise: Promise) -> None:
    assert job is not None
    with store.begin() as connection:
        # In one transaction: a job that stayed cancelled could be pruned, and nothing would be wrong.
        queue.cancel(connection, job.id)
        queue.requeue(connection, job.id)


def pause_and_resume(store: Store, _: Job | None, promise: Promise) -> None:
    with store.begin() as connection:
        queue.pause(connection, "analysis")
    with store.begin() as connection:
        queue.resume(connection, "analysis")


def prune(store: Store, _: Job | None, promise: Promise) -> None:
    with store.begin() as connection:
        queue.prune(connection, time.time() - 0.2)


def checkpoint(store: Store, _: Job | None, promise: Promise) -> None:
    store.checkpoint()


_WITH_CLAIM = (enqueue_dependent, heartbeat, progress, complete, fail, postpone, cancel_and_requeue)
_OTHERS = (enqueue, enqueue_many, claim, reap, pause_and_resume, prune, checkpoint)
STEPS: tuple[Act, ...] = (*_WITH_CLAIM, *_OTHERS)


class Tracer:
    """Counts the lines of Python that run, and kills at one of them."""

    def __init__(self, kill_at: int) -> None:
        self.lines = 0
        self._kill_at = kill_at

    def __call__(self, _frame: FrameType, event: str, _argument: Any) -> Tracer:
        if event == "line":
            self.lines += 1
            if self.lines == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return self


def victim(url: str, act: Act, pipe: int, kill_at: int) -> None:
    """In a fork: set the stage, say so, act."""

    def promise(id_: int) -> None:
        os.write(pipe, b"promise %d\n" % id_)

    store = open_store(url, lock_seconds=20)
    job = None
    if act in _WITH_CLAIM:
        enqueue(store, None, promise)
        (job,) = queue.claim(store, "analysis", own_identity())
    tracer = Tracer(kill_at)
    began = time.monotonic()
    os.write(pipe, b"begin 0\n")
    sys.settrace(tracer if kill_at >= 0 else None)
    act(store, job, promise)
    sys.settrace(None)
    os.write(pipe, b"lines %d\nmicroseconds %d\n" % (tracer.lines, (time.monotonic() - began) * 1e6))


def run(url: str, act: Act, *, kill_at: int = -1, kill_after: float | None = None) -> tuple[bool, dict[str, list[int]]]:
    """One victim: whether it was killed, and what it said before."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            victim(url, act, write, kill_at)
            code = 0
        except BaseException:  # noqa: BLE001 - told here, because `os._exit` tells nothing
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(write)
    said: dict[str, list[int]] = {}
    with os.fdopen(read) as pipe:
        for line in pipe:
            word, number = line.split()
            said.setdefault(word, []).append(int(number))
            if word == "begin" and kill_after is not None:
                time.sleep(kill_after)
                os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status)
    if not killed and os.waitstatus_to_exitcode(status):
        message = f"the victim of {act} failed by itself"
        raise RuntimeError(message)
    return killed, said


def main(url: str, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    promised: set[int] = set()
    kills: dict[str, int] = {}
    for act in STEPS:
        name = getattr(act, "__name__", "?")
        _, measured = run(url, act, kill_at=0)
        _, timed = run(url, act)
        promised.update(measured.get("promise", []), timed.get("promise", []))
        (lines,), (microseconds,) = measured["lines"], timed["microseconds"]
        for round_ in range(rounds):
            if round_ % 2 == 0:
                killed, said = run(url, act, kill_at=chance.randint(1, lines))
            else:
                killed, said = run(url, act, kill_after=chance.random() * microseconds / 1e6)
            promised.update(said.get("promise", []))
            kills[name] = kills.get(name, 0) + killed
            store = open_store(url, lock_seconds=20)
            found = ledger.verdict(store, promised)
            queue.Reaper(store, lease_seconds=60, heartbeat_seconds=15).reap()
            with store.begin() as connection:
                queue.resume(connection, "analysis")
            store.close()
            if not found.clean:
                sys.exit(f"killed in {name}, round {round_}, seed {seed}: {found}")
    store = open_store(url, lock_seconds=20)
    ledger.drain(store)
    found = ledger.verdict(store, promised)
    with store.read() as connection:
        left = queue.counts(connection)["analysis"]
    store.close()
    print(json.dumps({"kills": kills, "promised": len(promised), "clean": found.clean, "analysis": left}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(10**6))
