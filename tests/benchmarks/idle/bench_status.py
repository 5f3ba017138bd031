"""`secaid status` against a bare `python -c "import sqlalchemy"`, in turns on one machine. DESIGN's budget: 2 times.

python tests/benchmarks/idle/bench_status.py [--rounds 20] [--jobs 1000]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from daemon.domain.job import JobKind, NewJob
from daemon.store import migrate, queue
from daemon.store.opening import open_store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1000, help="finished and ready jobs in the database")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="secaid-status-") as home:
        _fill(f"{home}/secaid.db", wanted.jobs)
        secaid = str(Path(sys.executable).with_name("secaid"))
        contenders = {
            "import sqlalchemy": [sys.executable, "-c", "import sqlalchemy"],
            "secaid status": [secaid, "status"],
            "secaid status --json": [secaid, "status", "--json"],
        }
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
        for _ in range(wanted.rounds + 1):
            for name, command in contenders.items():
                times[name].append(_run(command, os.environ | {"SECAID_HOME": home}))
    base = times["import sqlalchemy"][1:]
    print(f"{'command':<22}{'wall ms':>9}{'ratio':>7}{'CPU ms':>9}{'ratio':>7}   (medians of {wanted.rounds})")
    for name, taken in times.items():
        wall, cpu = (median(one[column] for one in taken[1:]) for column in (0, 1))
        to = [median(one[column] for one in base) for column in (0, 1)]
        print(f"{name:<22}{wall * 1e3:>9.0f}{wall / to[0]:>7.2f}{cpu * 1e3:>9.0f}{cpu / to[1]:>7.2f}")


def _fill(database: str, jobs: int) -> None:
    store = open_store(database)
    migrate.upgrade(store)
    with store.begin() as connection:
        for number in range(jobs):
            queue.enqueue(connection, NewJob(kind=list(JobKind)[number % len(JobKind)]))
    store.close()


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    took, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
