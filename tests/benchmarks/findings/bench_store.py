"""A store with a million findings: how long `findings list`, `status` and another scan of the same take.

    python tests/benchmarks/findings/bench_store.py [--findings 1000000] [--database FILE]

The findings go in as 40 artifacts of 25,000 (GitHub's cap). The commands are whole processes, as a person starts
them; processor time is measured, and the yardstick is `python -c "import sqlalchemy"` on the same machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from made_report import RESULTS, made_report

from daemon.domain.artifact import ArtifactOrigin
from daemon.domain.report import Report
from daemon.domain.scan import KeptFinding, Scan
from daemon.paths import paths
from daemon.store import artifacts, lifecycle, migrate
from daemon.store.engine import Store
from daemon.store.opening import open_store
from workers.jobs.scan import scan_of
from workers.parsers import read

COMMANDS = {
    "findings list": ("findings", "list"),
    "findings list --json": ("findings", "list", "--json"),
    "findings list, page 500": ("findings", "list", "--json", "--offset", "50000"),
    "findings list --tool --rule": ("findings", "list", "--json", "--tool", "codeql", "--rule", "py/weakness-7"),
    "findings list --min-severity critical": ("findings", "list", "--json", "--min-severity", "critical"),
    "status": ("status",),
    "status --json": ("status", "--json"),
}
_ROUNDS = 3


def main() -> int:
    """Fill, measure, print a table."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--findings", type=int, default=1_000_000)
    options.add_argument("--database", type=Path, help="Keep the store here, and use it where it exists.")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = chosen.database or Path(folder)
        environment = {**os.environ, "SECAID_HOME": str(home)}
        os.environ["SECAID_HOME"] = str(home)
        file = paths(os.environ).database
        store = open_store(file)
        migrate.upgrade(store)
        report = read(made_report(), "made.sarif")
        assert isinstance(report, Report)
        scan = scan_of([report], [], scope="o/shop")
        fill(store, scan, max(1, chosen.findings // RESULTS))
        again = timed(lambda: save(store, scan, 0, "9" * 64))
        store.close()
        print(f"{file.stat().st_size / 1e9:.1f} GB of database\n")
        print("| | CPU seconds | times `import sqlalchemy` |\n|---|---:|---:|")
        yardstick = measured([sys.executable, "-c", "import sqlalchemy"], environment)
        print(f'| `python -c "import sqlalchemy"` | {yardstick:.2f} | 1.0 |')
        print(f"| save a scan of {RESULTS:,} known findings again | {again:.2f} | |")
        for name, arguments in COMMANDS.items():
            seconds = measured([sys.executable, "-m", "daemon.cli", *arguments], environment)
            print(f"| `secaid {name}` | {seconds:.2f} | {seconds / yardstick:.1f} |")
    return 0


def fill(store: Store, scan: Scan, batches: int) -> None:
    """Save the scan many times, its ids made new each time, as scans of as many services."""
    with store.read() as conn:
        known = conn.exec_driver_sql("SELECT count(*) FROM artifacts").scalar_one()
    for number in range(known, batches):
        seconds = timed(lambda number=number: save(store, scan, number, f"{number:064d}"))
        print(json.dumps({"batch": number, "seconds": round(seconds, 2)}), file=sys.stderr)


def save(store: Store, scan: Scan, number: int, sha256: str) -> None:
    """One artifact of 25,000 findings with the account of every row."""
    new = artifacts.NewArtifact(
        name=f"service-{chr(97 + number // 26)}{chr(97 + number % 26)}",
        origin=ArtifactOrigin.MANUAL,
        sha256=sha256,
        size=1,
        stored_at="x",
        repository="o/shop",
        branch="main",
    )
    kept = tuple(_renamed(scan.findings, number))
    with store.begin() as conn:
        artifact = artifacts.get(conn, artifacts.add(conn, new)[0])
        lifecycle.save_scan(conn, artifact, Scan(files=scan.files, findings=kept))
        artifacts.save_accounts(conn, artifact.id, scan.files)


def _renamed(found: Sequence[KeptFinding], number: int) -> list[KeptFinding]:
    return [
        msgspec.structs.replace(one, id=f"{number:04x}{one.id[4:]}", group=f"{number:04x}{(one.group or '')[4:]}")
        for one in found
    ]


def timed(action: Callable[[], object]) -> float:
    """Processor seconds that an action takes."""
    start = time.process_time()
    action()
    return time.process_time() - start


def measured(command: Sequence[str], environment: dict[str, str]) -> float:
    """Processor seconds of a whole process, the fewest of some rounds."""
    return min(_process_time(command, environment) for _ in range(_ROUNDS))


def _process_time(command: Sequence[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
