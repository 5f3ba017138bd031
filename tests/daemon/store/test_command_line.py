"""Backup, restore, a newer schema, and machines that share a server and a storage, from the command line."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest


def secaid(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    # Without scanners: asking each for its version is not what is tested here.
    scanners = {"SECAID_VERIFICATION_SCANNERS": str(home / "scanners")}
    environment = {**os.environ, "SECAID_HOME": str(home), **scanners, **more}
    command = [sys.executable, "-c", "from daemon.cli import main; main()", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def artifact(folder: Path) -> str:
    folder.mkdir()
    folder.joinpath("report.sarif").write_text(json.dumps({"version": "2.1.0", "runs": []}))
    return str(folder)


def jobs(home: Path, **more: str) -> list[dict[str, object]]:
    done = secaid(home, "jobs", "list", "--json", **more)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def test_a_backup_is_made_and_restored(tmp_path: Path) -> None:
    home, copy = tmp_path / "home", tmp_path / "copy.db"
    assert secaid(home, "ingest", artifact(tmp_path / "one")).returncode == 0
    assert f"backed up to {copy}" in secaid(home, "doctor", "--backup", str(copy)).stdout
    assert secaid(home, "ingest", artifact(tmp_path / "two"), "--repo", "o/n").returncode == 0
    assert len(jobs(home)) == 2
    restored = secaid(home, "doctor", "--restore", str(copy))
    assert "what was there is" in restored.stdout, restored.stderr
    assert len(jobs(home)) == 1
    assert len(list(home.glob("**/*.before-restore-*"))) == 1


def test_a_newer_schema_is_refused_in_one_sentence(tmp_path: Path) -> None:
    home = tmp_path / "home"
    jobs(home)
    (database,) = home.glob("**/*.db")
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_future'")
    for command in (["status"], ["worker", "analysis"], ["jobs", "list"]):
        done = secaid(home, *command)
        assert done.returncode != 0
        assert "a newer secaid has used it" in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.postgresql
def test_two_machines_share_a_server_and_a_storage(tmp_path: Path, postgres_url: str) -> None:
    """One takes the artifact in; the other, which has none of its files, analyses it."""
    shared = {"SECAID_DATABASE_URL": postgres_url, "SECAID_STORAGE_URL": f"local://{tmp_path}/shared"}
    taken = secaid(tmp_path / "one", "ingest", artifact(tmp_path / "artifact"), **shared)
    assert taken.returncode == 0, taken.stderr
    ran = secaid(tmp_path / "two", "run", "--until-idle", **shared)
    assert ran.returncode == 0, ran.stderr
    analysis = [job for job in jobs(tmp_path / "one", **shared) if job["kind"] == "analysis"]
    assert [job["state"] for job in analysis] == ["done"]
