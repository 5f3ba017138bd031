"""What an idle secaid costs: resident memory and CPU of the poller and every worker, measured over minutes.

    python tests/benchmarks/idle/bench_idle.py [--minutes 16] [--idle]

The poller watches a folder and asks a GitHub on the loopback about two repositories at its usual pace, and hears that
nothing has changed; so measure for longer than that pace, or with `--idle`, which leaves it nothing to poll.
Each process' memory is the median of what it had over the time, with the most it had beside it: while it asks GitHub,
the poller is larger for a second or two. CPU time depends on the machine and its load: `import sqlalchemy`, measured
in the same run, is the yardstick.
RSS counts pages that processes share (the interpreter, its libraries) once for each process; PSS divides
them among those who share them and is what the machine really gives up. DESIGN's budget: 60 MB, 0.1 % CPU.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import psutil

from daemon.service.unit import POLL, UNITS

_SETTLE_SECONDS = 180.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=16.0, help="how long to measure (default: 16)")
    parser.add_argument("--idle", action="store_true", help="nothing to poll")
    parser.add_argument("--idle-exit", type=int, default=5, help="seconds until an idle worker becomes a doorman")
    parser.add_argument("--only", action="append", choices=UNITS, help="only these processes")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="secaid-idle-") as home, _github() as url:
        if not wanted.idle:
            named = [{"name": f"octo/{name}"} for name in ("orders", "site")]
            poll = {"api_url": url, "repositories": named, "watch": [f"{home}/inbox"]}
            Path(home, "config.yaml").write_text(json.dumps({"poll": poll}))
        crew = _start(wanted.only or UNITS, home, wanted.idle_exit)
        try:
            _settle(crew)
            report(crew, wanted.minutes * 60)
        finally:
            for process in crew.values():
                process.terminate()
            for process in crew.values():
                process.wait(30)


def _start(units: list[str] | tuple[str, ...], home: str, idle_exit: int) -> dict[str, subprocess.Popen[bytes]]:
    environment = os.environ | {"SECAID_HOME": home, "SECAID_WORKERS_IDLE_EXIT_SECONDS": str(idle_exit)}
    environment |= {"SECAID_GITHUB_TOKEN": "none that anybody knows"}
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
    families = {unit: _family(process.pid) for unit, process in crew.items()}
    before = {unit: _cpu(family) for unit, family in families.items()}
    start = time.monotonic()
    samples: dict[str, list[tuple[float, float]]] = {unit: [] for unit in crew}
    while time.monotonic() - start < seconds:
        for unit, process in crew.items():
            family = families[unit] = _family(process.pid)
            samples[unit].append((sum(map(_rss, family)), sum(map(_pss, family))))
        time.sleep(min(5.0, seconds))
    took = time.monotonic() - start
    used = {unit: _cpu(families[unit]) - before[unit] for unit in crew}
    print(f"{'process':<12}{'RSS MB':>9}{'PSS MB':>9}{'most RSS':>9}{'CPU ms':>9}{'CPU %':>9}")
    usual = {unit: tuple(median(one[column] for one in taken) for column in (0, 1)) for unit, taken in samples.items()}
    for unit, taken in samples.items():
        rss, pss = usual[unit]
        most = max(one[0] for one in taken)
        print(f"{unit:<12}{rss:>9.1f}{pss:>9.1f}{most:>9.1f}{used[unit] * 1e3:>9.0f}{used[unit] / took:>9.3%}")
    rss, pss = (sum(one[column] for one in usual.values()) for column in (0, 1))
    cpu, yardstick = sum(used.values()), _yardstick()
    print(f"{'together':<12}{rss:>9.1f}{pss:>9.1f}{'':>9}{cpu * 1e3:>9.0f}{cpu / took:>9.3%}   over {took:.0f} s")
    print(
        f"a minute of it costs {cpu / took * 60 / yardstick:.2f} times `import sqlalchemy` ({yardstick * 1e3:.0f} ms)"
    )
    print(json.dumps({"rss_mb": round(rss, 1), "pss_mb": round(pss, 1), "cpu": cpu / took, "seconds": round(took)}))


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


def _cpu(family: list[psutil.Process]) -> float:
    return sum(times.user + times.system for times in (one.cpu_times() for one in family))


def _rss(one: psutil.Process) -> float:
    return float(one.memory_info().rss) / 1e6


def _pss(one: psutil.Process) -> float:
    """On Linux; a Mac does not tell."""
    try:
        lines = Path(f"/proc/{one.pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return float("nan")
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e6


@contextlib.contextmanager
def _github() -> Iterator[str]:
    """One whose lists are empty and never change; its address."""

    class Lists(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            known = self.headers.get("If-None-Match") == '"1"'
            body = b"" if known else b'{"total_count": 0, "artifacts": []}'
            self.send_response(304 if known else 200)
            self.send_header("ETag", '"1"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lists) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _wait(done) -> None:
    deadline = time.monotonic() + _SETTLE_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not become idle")
        time.sleep(0.2)


if __name__ == "__main__":
    main()
