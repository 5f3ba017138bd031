"""What an idle secaid costs: resident memory and CPU of the poller and every worker, measured over minutes.

    python tests/benchmarks/idle/bench_idle.py [--minutes 25] [--interval 660] [--idle]

The poller watches a folder and asks the tests' simulated GitHub, on the loopback, about two repositories, and hears
that nothing has changed: every 11 minutes in place of 15, as often as a poller still rests in between, so that two
rounds fall into the time. `--idle` leaves it nothing to poll.
`rest` is the median of what a process had over the time; `most`, seen by four looks a second, the most that it had:
while it asks GitHub, the poller is larger for a second or two. CPU time, which counts what ended too, depends on the
machine and its load: `import sqlalchemy`, measured in the same run, is the yardstick.
RSS counts pages that processes share (the interpreter, its libraries) once for each process; PSS divides
them among those who share them and is what the machine really gives up. DESIGN's budget: 60 MB, 0.1 % CPU.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

import psutil

from daemon.service.unit import POLL, UNITS

_SETTLE_SECONDS = 180.0
_LOOK_SECONDS = 0.25
_SAMPLE_SECONDS = 5.0
_REPOSITORIES = ("octo/orders", "octo/site")


class Taken:
    """What was seen of one process and its children. Memory is in MB."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._family = _family(pid)
        self._cpu_before = self.cpu
        self.rss: list[float] = []
        self.pss: list[float] = []

    @property
    def cpu(self) -> float:
        """Seconds that it, its children, and those that have ended used so far."""
        return sum(_of(one, _cpu) for one in self._family)

    @property
    def used(self) -> float:
        """Seconds since this began."""
        return self.cpu - self._cpu_before

    def look(self) -> None:
        """Its resident memory, for its peak."""
        self.rss.append(sum(_of(one, _rss) for one in self._family))

    def sample(self) -> None:
        """Who belongs to it, and what the machine gives up for it."""
        self._family = _family(self._pid)
        self.pss.append(sum(_of(one, _pss) for one in self._family))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=25.0, help="how long to measure (default: 25)")
    parser.add_argument("--interval", type=int, default=660, help="seconds between two rounds (default: 660)")
    parser.add_argument("--idle", action="store_true", help="nothing to poll")
    parser.add_argument("--idle-exit", type=int, default=5, help="seconds until an idle worker becomes a doorman")
    parser.add_argument("--only", action="append", choices=UNITS, help="only these processes")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="secaid-idle-") as home, _github() as (github, url):
        if not wanted.idle:
            named = [{"name": name} for name in _REPOSITORIES]
            poll = {"api_url": url, "repositories": named, "watch": [f"{home}/inbox"]}
            poll["interval_seconds"] = wanted.interval
            Path(home, "config.yaml").write_text(json.dumps({"poll": poll}))
        crew = _start(wanted.only or UNITS, home, wanted.idle_exit, github.token)
        try:
            _settle(crew)
            asked = github.counts["requests"]
            report(crew, wanted.minutes * 60)
            requests = github.counts["requests"] - asked
            rounds = requests // len(_REPOSITORIES)
            print(f"{rounds} rounds of polling in that time: {requests} requests; {github.violations or 'none wrong'}")
        finally:
            for process in crew.values():
                process.terminate()
            for process in crew.values():
                process.wait(30)


def _start(
    units: list[str] | tuple[str, ...], home: str, idle_exit: int, token: str
) -> dict[str, subprocess.Popen[bytes]]:
    environment = os.environ | {"SECAID_HOME": home, "SECAID_WORKERS_IDLE_EXIT_SECONDS": str(idle_exit)}
    environment |= {"SECAID_GITHUB_TOKEN": token}
    crew = {}
    for unit in units:
        command = [sys.executable, "-m", "daemon.cli", *([POLL] if unit == POLL else ["worker", unit])]
        # As services start them: away from the checkout.
        crew[unit] = subprocess.Popen(command, env=environment, cwd="/")
        _wait(Path(home, "secaid.db").exists)
    return crew


def _settle(crew: dict[str, subprocess.Popen[bytes]]) -> None:
    """Wait until every worker has become its own doorman, the poller its porter, and nobody computes any more."""
    for process in crew.values():
        one = psutil.Process(process.pid)
        _wait(lambda one=one: {"doorman", "porter"} & set(one.cmdline()))
    time.sleep(5)


def report(crew: dict[str, subprocess.Popen[bytes]], seconds: float) -> None:
    start = time.monotonic()
    taken = {unit: Taken(process.pid) for unit, process in crew.items()}
    sampled = float("-inf")
    while (now := time.monotonic()) - start < seconds:
        if now - sampled >= _SAMPLE_SECONDS:
            for one in taken.values():
                one.sample()
            sampled = now
        for one in taken.values():
            one.look()
        time.sleep(min(_LOOK_SECONDS, seconds))
    for one in taken.values():
        one.sample()
    took = time.monotonic() - start
    print(f"{'process':<12}{'rest RSS':>9}{'rest PSS':>9}{'most RSS':>9}{'CPU ms':>9}{'CPU %':>9}")
    for unit, one in taken.items():
        _print(unit, median(one.rss), median(one.pss), max(one.rss), one.used, took)
    rss, pss = (
        sum(map(median, column)) for column in zip(*((one.rss, one.pss) for one in taken.values()), strict=True)
    )
    most = max(map(sum, zip(*(one.rss for one in taken.values()), strict=True)))
    cpu, yardstick = sum(one.used for one in taken.values()), _yardstick()
    _print("together", rss, pss, most, cpu, took)
    print(
        f"MB, over {took:.0f} s; a minute of it costs {cpu / took * 60 / yardstick:.2f} times `import sqlalchemy` "
        f"({yardstick * 1e3:.0f} ms)"
    )
    figures = {"rss_mb": rss, "pss_mb": pss, "most_rss_mb": most, "cpu": cpu / took, "seconds": took}
    print(json.dumps({name: round(value, 5 if name == "cpu" else 1) for name, value in figures.items()}))


def _print(name: str, rss: float, pss: float, most: float, cpu: float, took: float) -> None:
    print(f"{name:<12}{rss:>9.1f}{pss:>9.1f}{most:>9.1f}{cpu * 1e3:>9.0f}{cpu / took:>9.3%}")


def _yardstick() -> float:
    """Seconds of CPU for a new Python that imports SQLAlchemy, at best."""

    def once() -> float:
        before = os.times()
        subprocess.run([sys.executable, "-c", "import sqlalchemy"], check=True)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    return min(once() for _ in range(5))


def _family(pid: int) -> list[psutil.Process]:
    one = psutil.Process(pid)
    return [one, *one.children(recursive=True)]


def _of(one: psutil.Process, measure: Callable[[psutil.Process], float]) -> float:
    """0 for one that has ended: its CPU time is its parent's by then."""
    try:
        return measure(one)
    except psutil.NoSuchProcess:
        return 0.0


def _cpu(one: psutil.Process) -> float:
    times = one.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _rss(one: psutil.Process) -> float:
    return float(one.memory_info().rss) / 1e6


def _pss(one: psutil.Process) -> float:
    """On Linux; a Mac does not tell."""
    try:
        lines = Path(f"/proc/{one.pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0 if Path("/proc/self").exists() else float("nan")
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6


@contextlib.contextmanager
def _github() -> Iterator[tuple[Any, str]]:
    """The tests' simulated GitHub, with repositories that have no artifacts, and its address."""
    simulator, served = (_module(name) for name in ("simulator", "served"))
    github = simulator.GitHub()
    for name in _REPOSITORIES:
        github.repositories[name] = []
    with served.served(github) as url:
        yield github, url


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[2] / f"daemon/poll/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _wait(done) -> None:
    deadline = time.monotonic() + _SETTLE_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not become idle")
        time.sleep(0.2)


if __name__ == "__main__":
    main()
