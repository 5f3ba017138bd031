"""25,000 results: parsed, fingerprinted and stored, against `json.loads` of the same bytes and against sarif-tools.

    python tests/benchmarks/findings/bench_ingest.py [--sarif-tools PYTHON] [--rounds 3] [--profile]

The report is generated here. Each measurement is a process of its own, so that peak memory is its own; processor
time is measured, and the fastest of the rounds counts. `--sarif-tools` names the interpreter of an environment that
has sarif-tools.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from made_report import made_report

BUDGET = 10.0
"""Times `json.loads`."""
_PEER = """
import sys, time
from sarif import loader
start = time.process_time()
found = loader.load_sarif_file(sys.argv[1])
records = found.get_records()
print(f'{{"seconds": {time.process_time() - start}, "results": {len(records)}}}')
import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def loads(file: Path) -> int:
    """The yardstick."""
    return sum(len(run["results"]) for run in json.loads(file.read_bytes())["runs"])


def secaid(file: Path) -> int:
    """Read, told apart, and committed to a new database with the account of every row."""
    from daemon.domain.artifact import ArtifactOrigin
    from daemon.domain.report import Report
    from daemon.store import artifacts, lifecycle, migrate
    from daemon.store.opening import open_store
    from workers.jobs.scan import scan_of
    from workers.parsers import read

    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "bench.db")
        migrate.upgrade(store)
        new = artifacts.NewArtifact(
            name="codeql", origin=ArtifactOrigin.MANUAL, sha256="0" * 64, size=1, stored_at="x", repository="o/shop"
        )
        begun = time.process_time()
        report = read(file.read_bytes(), file.name)
        assert isinstance(report, Report)
        scan = scan_of([report], [], scope="o/shop")
        del report
        with store.begin() as conn:
            artifact = artifacts.get(conn, artifacts.add(conn, new)[0])
            lifecycle.save_scan(conn, artifact, scan)
            artifacts.save_accounts(conn, artifact.id, scan.files)
        STEPS["seconds"] = time.process_time() - begun
        store.close()
    return len(scan.findings)


STEPS: dict[str, float] = {}
MEASURED: dict[str, Callable[[Path], int]] = {"json.loads": loads, "secaid": secaid}


def measure(name: str, file: Path, *, profiled: bool) -> None:
    """One measurement in this process; prints JSON."""
    profile = cProfile.Profile()
    if profiled:
        profile.enable()
    start = time.process_time()
    number = MEASURED[name](file)
    seconds = STEPS.get("seconds", time.process_time() - start)
    if profiled:
        profile.disable()
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(35)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "results": number, "peak_mib": peak / 1024}))


def main() -> int:
    """Generate, measure in rounds, print a table; 1 where the budget is not held."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--sarif-tools", metavar="PYTHON")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--profile", action="store_true")
    options.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.measure:
        measure(chosen.measure[0], Path(chosen.measure[1]), profiled=chosen.profile)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "made.sarif"
        file.write_bytes(made_report())
        if chosen.profile:
            return subprocess.call([sys.executable, __file__, "--profile", "--measure", "secaid", str(file)])
        return _table(file, chosen.rounds, chosen.sarif_tools)


def _table(file: Path, rounds: int, peer: str | None) -> int:
    commands = {name: [sys.executable, __file__, "--measure", name, str(file)] for name in MEASURED}
    if peer:
        commands["sarif-tools"] = [peer, "-c", _PEER, str(file)]
    best: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for name, command in commands.items():
            lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
            found = json.loads(lines[0])
            found.setdefault("peak_mib", float(lines[-1]) / 1024 if len(lines) > 1 else 0.0)
            if name not in best or found["seconds"] < best[name]["seconds"]:
                best[name] = found
    size = file.stat().st_size / 1e6
    print(f"{size:.1f} MB of SARIF\n\n| | results | seconds | times json.loads | peak MiB |\n|---|---:|---:|---:|---:|")
    for name, found in best.items():
        ratio = found["seconds"] / best["json.loads"]["seconds"]
        print(f"| {name} | {found['results']} | {found['seconds']:.2f} | {ratio:.1f} | {found['peak_mib']:.0f} |")
    return 0 if best["secaid"]["seconds"] <= BUDGET * best["json.loads"]["seconds"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
