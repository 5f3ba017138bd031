"""The queue against litequeue, huey's SqliteHuey and persist-queue, in one run; prints a Markdown table.

    python tests/benchmarks/queue/bench_queue.py [--jobs N] [--rounds N] [--postgresql URL]

All use WAL with `synchronous = NORMAL`, in fresh databases, by turns; figures are medians. With the URL of a
PostgreSQL server (and `{database}` in it) the whole way of a job is measured against procrastinate, too.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import wake
from adapters import CONTENDERS, Procrastinate, Secaid
from measure import Crew, database, interleaved
from sqlalchemy import create_engine, text

_PROCESSES = 4
_BATCH = 32
_DEEP = 100_000
_SLOW = {"litequeue": 4, "persist-queue": 2}
"""These take so long to claim that they get this many times fewer jobs."""


def throughput(crew: Crew, jobs: int, rounds: int, history: Path) -> dict[str, float]:
    """Jobs a second: enqueue, and claim and complete, of every contender; ours in batches, and above a long history."""
    runs: dict[str, Callable[[], float]] = {}
    kept: dict[str, list[float]] = {}

    def both(name: str, contender: Any, number: int, batch: int = 1, deep: bool = False) -> None:
        def put() -> float:
            with database() as place:
                if deep:
                    shutil.copyfile(history, place)
                contender.prepare(place)
                rate = crew.rate(contender, place, "put", number, batch)
                kept.setdefault(name, []).append(crew.rate(contender, place, "work", number, batch))
                return rate

        runs[f"{name} put"] = put
        runs[f"{name} work"] = lambda: kept[name][-1]

    for name, contender in CONTENDERS.items():
        both(name, contender, jobs // _SLOW.get(name, 1))
    both("batched", Secaid, jobs * 4, _BATCH)
    both("deep", Secaid, jobs, deep=True)
    # `put` measures both; its `work` is read right afterwards, so only the puts are turned.
    puts = {name: run for name, run in runs.items() if name.endswith("put")}
    figures = interleaved(rounds, puts)
    return figures | {f"{name} work": sorted(rates)[len(rates) // 2] for name, rates in kept.items()}


def _history(place: str) -> None:
    """Done jobs, as many as years bring."""
    Secaid.prepare(place)
    queue = Secaid(place)
    for _ in range(_DEEP // 1000):
        queue.put_many(1000)
        queue.work_many(1000)
    queue.store.close()


def end_to_end(crew: Crew, server: str, jobs: int, rounds: int) -> dict[str, float]:
    """Jobs a second from enqueue to done, on PostgreSQL."""

    def run(contender: Any) -> float:
        with _fresh(server) as place:
            contender.prepare(place)
            put = crew.rate(contender, place, "put", jobs)
            return 1 / (1 / put + 1 / crew.rate(contender, place, "work", jobs))

    return interleaved(rounds, {"secaid": lambda: run(Secaid), "procrastinate": lambda: run(Procrastinate)})


@contextmanager
def _fresh(server: str) -> Iterator[str]:
    admin = create_engine(server.format(database="postgres"), isolation_level="AUTOCOMMIT")
    name = f"bench_{uuid.uuid4().hex}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield server.format(database=name)
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def _row(what: str, ours: str, other: str, ratio: float, budget: str) -> None:
    print(f"| {what} | {ours} | {other} | {ratio:.2f} | {budget} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=8000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--wakes", type=int, default=100)
    parser.add_argument("--postgresql")
    given = parser.parse_args()
    crew = Crew(_PROCESSES)
    with database() as history:
        _history(history)
        found = throughput(crew, given.jobs, given.rounds, Path(history))
    print(
        f"Jobs a second, {_PROCESSES} processes, SQLite {sqlite3.sqlite_version}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, medians of {given.rounds}:\n"
    )
    print("| | enqueue | claim and complete |\n|---|---|---|")
    for name in (*CONTENDERS, "batched", "deep"):
        label = {"batched": f"secaid, batches of {_BATCH}", "deep": f"secaid above {_DEEP:,} done jobs"}.get(name, name)
        print(f"| {label} | {found[f'{name} put']:,.0f} | {found[f'{name} work']:,.0f} |")
    print("\n| what | secaid | other | ratio | budget |\n|---|---|---|---|---|")
    for what, job in (("enqueue", "put"), ("claim and complete", "work")):
        ours, other = found[f"secaid {job}"], found[f"litequeue {job}"]
        _row(f"{what}, against litequeue", f"{ours:,.0f}", f"{other:,.0f}", ours / other, "≥ 1")
        batched, deep = found[f"batched {job}"], found[f"deep {job}"]
        _row(f"{what}, batched against unbatched", f"{batched:,.0f}", f"{ours:,.0f}", batched / ours, "≥ 8")
        _row(f"{what}, {_DEEP:,} done jobs against none", f"{deep:,.0f}", f"{ours:,.0f}", deep / ours, "≥ 0.9")
    with tempfile.TemporaryDirectory(prefix="queue-", dir=Path.cwd()) as folder:
        woken = wake.measure(Path(folder), given.wakes, 20.0)
    late = {name: times[int(len(times) * 0.99)] * 1000 for name, (times, _) in woken.items()}
    idle = {name: cpu * 100 for name, (_, cpu) in woken.items()}
    ratio = late["secaid"] / late["huey"]
    _row("wake-up p99, against huey", f"{late['secaid']:.1f} ms", f"{late['huey']:.1f} ms", ratio, "≤ 0.1")
    ratio = idle["secaid"] / idle["huey"] if idle["huey"] else 0.0
    _row("idle CPU, against huey", f"{idle['secaid']:.2f} %", f"{idle['huey']:.2f} %", ratio, "≤ 1")
    if given.postgresql:
        rates = end_to_end(crew, given.postgresql, given.jobs // 8, given.rounds)
        ours, other = rates["secaid"], rates["procrastinate"]
        what = "PostgreSQL, end to end, against procrastinate"
        _row(what, f"{ours:,.0f}", f"{other:,.0f}", ours / other, "≥ 1")
    crew.close()


if __name__ == "__main__":
    main()
