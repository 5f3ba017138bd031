"""The child process of tests: jobs that do what their payload says, run by the real `workers.child`."""

from __future__ import annotations

import ctypes
import datetime as dt
import os
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import text

from daemon.domain.job import Job, NewJob
from daemon.errors import Permanent, Retryable, StoreUnavailable, Unavailable
from daemon.store import queue
from workers import child
from workers.jobs.context import JobContext
from workers.jobs.registry import JOBS, job

_HOARD = []


def effect(context: JobContext, payload: dict) -> None:
    """One row per committed result: what the suites count."""
    with context.complete() as connection:
        connection.execute(
            text("INSERT INTO effects (job, token, value) VALUES (:job, :token, :value)"),
            {"job": context.job.id, "token": context.job.token, "value": str(payload.get("value", ""))},
        )
        context.result = payload.get("value")
        for follow in payload.get("follow", ()):
            queue.enqueue(connection, NewJob(**follow))


def act(task: Job, context: JobContext) -> None:  # noqa: C901 - a table of deeds
    payload = task.payload
    match payload.get("do", "effect"):
        case "effect":
            effect(context, payload)
        case "sleep":
            for _ in range(int(payload["seconds"] * 20)):
                time.sleep(0.05)
                context.check_cancelled()
            effect(context, payload)
        case "deaf sleep":
            Path(payload["pid"]).write_text(str(os.getpid()))
            time.sleep(payload["seconds"])
            effect(context, payload)
        case "deaf wait":
            Path(payload["pid"]).write_text(str(os.getpid()))
            while not Path(payload["until"]).exists():
                time.sleep(0.05)
            effect(context, payload)
        case "with scanner":
            scanner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            Path(payload["pid"]).write_text(f"{os.getpid()} {scanner.pid}")
            time.sleep(600)
        case "segfault":
            ctypes.string_at(0)
        case "kill":
            os.kill(os.getpid(), 9)
        case "hoard":
            while True:
                _HOARD.append(bytearray(8 * 2**20))
                time.sleep(0.001)
        case "greedy scanners":
            code = f"x = b'x' * ({payload['mb']} * 2**20); import time; time.sleep(600)"
            for _ in range(2):
                subprocess.Popen([sys.executable, "-c", code])
            time.sleep(600)
        case "exit":
            sys.exit(3)
        case "forget":
            return
        case "first fails":
            if task.attempt == 1:
                message = "the first attempt always fails"
                raise Retryable(message, not_before=dt.datetime.now(dt.UTC))
            effect(context, payload)
        case "first breaks":
            if task.attempt == 1:
                message = "the first attempt breaks, and backs off by its kind's policy"
                raise ValueError(message)
            effect(context, payload)
        case "unavailable":
            message = "the scanner is not installed"
            raise Unavailable(message)
        case "first finds no database":
            mark = Path(payload["mark"])
            if not mark.exists():
                mark.touch()
                message = "the database cannot be used now"
                raise StoreUnavailable(message)
            effect(context, payload)
        case "permanent":
            message = "this can never work"
            raise Permanent(message)
        case "awkward words":
            message = "a name like \udcff, and a \0"
            raise Permanent(message)
        case "late":
            effect(context, payload)
            message = "after the completion"
            raise ValueError(message)
        case "slow commit":
            with context.complete():
                context.result = os.getpid()
                time.sleep(payload["seconds"])
            time.sleep(0.5)
        case "pid":
            payload["value"] = os.getpid()
            effect(context, payload)
        case other:
            raise ValueError(other)


job("quick", backoff_seconds=0.1, memory_mb=600)(act)
job("brief", backoff_seconds=0.1, timeout_seconds=3, max_attempts=1)(act)
job("alone", backoff_seconds=0.1, concurrency=1, max_attempts=50)(act)
job("analysis", backoff_seconds=0.1, max_attempts=1000)(act)
job("enrichment", backoff_seconds=0.1, max_attempts=1000)(act)
job("training", backoff_seconds=0.1, concurrency=1)(act)

if __name__ == "__main__":
    kind, read, write = sys.argv[1:]
    if kind == "broken":
        message = "no module named anything"
        raise ImportError(message)
    child.serve(lambda: JOBS.registered(kind), int(read), int(write))
