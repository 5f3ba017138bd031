"""One installation driven through the command line, with real scanners, a tiny model, and the example's history."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

ROOT = Path(__file__).resolve().parents[3]
SCANNERS = Path(os.environ.get("SECAID_VERIFICATION_SCANNERS") or ROOT / ".secaid" / "scanners")
# What a run must agree on with every other run of the same input: no times, no ids that count up.
RESULTS = {
    "reports": "SELECT a.name, r.path, r.state, r.tool, r.row_count, r.reason FROM reports r "
    "JOIN artifacts a ON a.id = r.artifact_id",
    "rows": "SELECT a.name, r.path, w.row_index, w.disposition, w.finding_id, w.reason FROM report_rows w "
    "JOIN reports r ON r.id = w.report_id JOIN artifacts a ON a.id = r.artifact_id",
    "findings": "SELECT id, tool, rule, severity, path, line, state, outcome, reason FROM findings",
    "analyses": "SELECT finding_id, source, data FROM analyses",
    "fixes": "SELECT id, finding_id, approach, source, level, grade, verified, score, state FROM fixes",
    "examples": "SELECT id, stage, cluster, finding_id, score FROM examples",
    "cases": "SELECT c.fix_id, c.text FROM cases c",
    "jobs": "SELECT kind, state FROM jobs WHERE kind IN ('analysis', 'enrichment')",
}


class Installation:
    """A home of its own, and `secaid` in it."""

    def __init__(self, home: Path, **settings: object) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SECAID_")}
        own = {"HOME": str(home), "VERIFICATION_SCANNERS": str(SCANNERS), **settings}
        self.environment = kept | {f"SECAID_{name}".upper(): str(value) for name, value in own.items()}

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        command = [str(Path(sys.executable).with_name("secaid")), *map(str, arguments)]
        return subprocess.Popen(
            command, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def secaid(self, *arguments: object, code: int = 0) -> str:
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)
        assert process.returncode == code, f"secaid {arguments} ended with {process.returncode}:\n{out}\n{err}"
        return out

    def json(self, *arguments: object, code: int = 0) -> Any:
        return json.loads(self.secaid(*arguments, "--json", code=code))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        engine = sa.create_engine(f"sqlite:///{self.home / 'secaid.db'}")
        try:
            with engine.connect() as connection:
                return sorted((tuple(row) for row in connection.execute(sa.text(query))), key=repr)
        finally:
            engine.dispose()

    def results(self) -> dict[str, list[tuple[Any, ...]]]:
        return {name: self.rows(query) for name, query in RESULTS.items()}


@pytest.fixture(scope="module")
def installed(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Installation]:
    """Makes installations: quick leases and the tiny model."""

    def make(**settings: object) -> Installation:
        home = tmp_path_factory.mktemp("installation") / "home"
        defaults = {
            "model_base": tiny_model,
            "analysis_model_findings": 2,
            "analysis_max_new_tokens": 24,
            "enrichment_model_findings": 0,
            "training_min_new_examples": 100_000,
            "queue_lease_seconds": 3,
            "queue_heartbeat_seconds": 0.5,
            "queue_max_attempts": 50,
        }
        return Installation(home, **(defaults | settings))

    return make


@pytest.fixture(scope="module")
def needed() -> None:
    """The scanners that these tests verify with."""
    missing = [name for name in ("bandit", "hadolint", "gitleaks") if not (SCANNERS / name).is_dir()]
    if missing:
        pytest.skip(f"not installed here: {', '.join(missing)}; run `secaid setup --scanners all`")


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What real scanners wrote about the example service, as one artifact for each: `bandit-results`."""
    folder = tmp_path_factory.mktemp("reports")
    for report in (ROOT / "examples" / "reports").glob("*/*"):
        artifact = folder / f"{report.stem}-results"
        artifact.mkdir(exist_ok=True)
        shutil.copy(report, artifact)
    return folder


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The example service as a bare repository, and its scanned commit."""
    target = tmp_path_factory.mktemp("history") / "orders.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(target)], check=True)
    with (ROOT / "examples" / "history.fast-export").open("rb") as stream:
        subprocess.run(["git", "-C", str(target), "fast-import", "--quiet"], stdin=stream, check=True)
    head = ["git", "-C", str(target), "rev-parse", "refs/heads/main"]
    return target, subprocess.run(head, check=True, capture_output=True, text=True).stdout.strip()
