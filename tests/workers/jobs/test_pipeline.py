"""Artifacts → findings → analyses → verified fixes → examples → index, in separate processes, whatever is killed."""

from __future__ import annotations

import contextlib
import random
import subprocess
import time
import zipfile
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.usefixtures("needed")
TOGETHER = pytest.mark.xdist_group("undisturbed")
INGESTED = ("bandit-results", "hadolint-results", "gitleaks-results")


@pytest.fixture(scope="module")
def ingest(reports, history):
    """Enqueue three of the example's reports, with the source of the scanned commit."""
    source, commit = history

    def enqueue(installation):
        paths = [reports / name for name in INGESTED]
        whose = ("--repo", "secaid/orders", "--commit", commit, "--branch", "main", "--source", source)
        return installation.json("ingest", *paths, *whose)

    return enqueue


@pytest.fixture(scope="module")
def undisturbed(needed, installed, ingest):
    """An installation that took the artifacts in and worked them off, and what it found."""
    here = installed()
    assert len(ingest(here)["artifacts"]) == len(INGESTED)
    here.secaid("run", "--until-idle")
    return here, here.results()


@TOGETHER
def test_every_row_is_accounted_for_and_every_finding_has_a_fix_or_a_reason(undisturbed):
    here, results = undisturbed
    assert {state for _, state in results["jobs"]} == {"done"}
    assert len(results["rows"]) == sum(count for *_, count, _ in results["reports"]) > 50
    kept = {finding for _, _, _, disposition, finding, _ in results["rows"] if disposition == "kept"}
    assert kept == {finding for finding, *_ in results["findings"]}
    verified = {finding for _, finding, *_, verified, _, _ in results["fixes"] if verified}
    for finding, *_, outcome, reason in results["findings"]:
        assert outcome == ("fixed" if finding in verified else "unfixed")
        assert (reason is None) == (finding in verified)
    assert len(verified) >= 20
    assert {finding for finding, *_ in results["analyses"]} == kept
    assert len(results["cases"]) == len(verified)
    assert here.rows("SELECT count(*) FROM cases WHERE vector IS NULL") == [(0,)]
    assert results["examples"]
    for _, finding, *_ in results["fixes"][:3]:
        shown = here.json("findings", "show", finding)
        assert shown


@TOGETHER
def test_the_same_artifacts_again_change_nothing(undisturbed, ingest):
    here, first = undisturbed
    ingest(here)
    here.secaid("run", "--until-idle")
    assert here.results() == first


@TOGETHER
@pytest.mark.slow
def test_killed_processes_change_nothing_of_the_result(undisturbed, installed, ingest):
    _, expected = undisturbed
    here = installed()
    ingest(here)
    killed = _run_with_kills(here, random.Random(20261124), kills=12)
    here.secaid("run", "--until-idle")
    assert killed >= 6
    assert here.results() == expected
    assert here.rows("PRAGMA integrity_check") == [("ok",)]


def test_a_trained_model_is_measured_against_what_serves(installed, ingest):
    here = installed(
        training_min_new_examples=5,
        training_stage1_iterations=2,
        training_stage2_iterations=2,
        training_batch_size=1,
        training_max_tokens=1600,
        training_lora_layers=2,
        training_evaluation_findings=2,
        model_directory="",
    )
    here.environment["SECAID_MODEL_DIRECTORY"] = str(here.home / "models")
    ingest(here)
    here.secaid("run", "--until-idle")
    (release,) = here.json("models", "list")["releases"]
    assert release["state"] in {"promoted", "kept-base"}
    assert release["reason"]
    assert [stage["iterations"] for stage in release["stages"]] == [2, 2]
    assert release["evaluation"]["attempted"] == release["base_evaluation"]["attempted"] > 0
    losses = here.json("models", "show", release["name"])["losses"]
    assert {(loss["stage"], loss["kind"]) for loss in losses} >= {("analysis", "train"), ("code-fix", "train")}
    assert (Path(release["path"]) / "adapters.safetensors").is_file()


def test_broken_input_is_named_and_the_rest_is_unharmed(installed, ingest, tmp_path):
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    _hostile(hostile)
    here = installed(model_base="not-on-this-machine")
    ingest(here)
    refused = []
    for path in sorted(hostile.iterdir()):
        done = here.start("ingest", path, "--json")
        out, err = done.communicate(timeout=60)
        refused.append((path.name, done.returncode, out, err))
        assert "Traceback" not in err
    here.secaid("run", "--until-idle", code=1)
    dead = {job["id"]: job for job in here.json("jobs", "list", "--state", "dead")}
    reasons = {name for name, code, _, _ in refused if code}
    assert len(dead) + len(reasons) >= 5
    for job in dead.values():
        assert job["reason"]
        assert "Traceback" not in job["reason"], job
    healthy = [name for name, *_ in here.results()["reports"] if name in INGESTED]
    assert len(healthy) >= len(INGESTED)
    assert here.rows("SELECT count(*) FROM findings WHERE outcome = 'pending'") == [(0,)]
    assert not [*tmp_path.rglob("escaped*"), *here.home.parent.rglob("escaped*")]


def _hostile(folder: Path) -> None:
    """One artifact for each way in which one can be broken."""
    whole = folder / "truncated.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("results.sarif", '{"version": "2.1.0", "runs": []}' * 50)
    whole.write_bytes(whole.read_bytes()[:-40])
    (folder / "corrupt.zip").write_bytes(b"PK\x03\x04" + bytes(range(256)))
    with zipfile.ZipFile(folder / "ratio.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("results.sarif", b"0" * 50_000_000)
    with zipfile.ZipFile(folder / "escape.zip", "w") as archive:
        archive.writestr("../../escaped.sarif", "{}")
    with zipfile.ZipFile(folder / "latin.zip", "w") as archive:
        archive.writestr("results.sarif", b'{"runs": "' + b'\xff\xfe\xe9"}')
    with zipfile.ZipFile(folder / "unknown.zip", "w") as archive:
        archive.writestr("report.json", '{"something": "else"}')
    with zipfile.ZipFile(folder / "empty.zip", "w"):
        pass


def _run_with_kills(here, chance: random.Random, *, kills: int) -> int:
    """Run until idle while random processes of the run are killed; a killed supervisor is started again."""
    killed = 0
    deadline = time.monotonic() + 150
    process = here.start("run", "--until-idle")
    while killed < kills and time.monotonic() < deadline:
        time.sleep(chance.uniform(0.3, 2.0))
        if process.poll() is not None:
            if process.returncode == 0:
                break  # done before all the kills were spent
            process.communicate()
            process = here.start("run", "--until-idle")
            continue
        with contextlib.suppress(psutil.NoSuchProcess):
            running = psutil.Process(process.pid)
            victims = [*running.children(recursive=True), running]
            chance.choice(victims).kill()
            killed += 1
    if process.poll() is None:
        process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=60)
    return killed
