"""`secaid ingest`: what is enqueued, and the account of every raw row."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from daemon.cli.main import secaid

ROW = {"RuleID": "aws", "File": "a.py", "StartLine": 3, "EndLine": 3, "Match": "x", "Secret": "x", "Description": "d"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SECAID_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SECAID_MODEL_BASE", "none")
    return tmp_path


def reports(folder: Path) -> Path:
    """One report with two findings, the second one twice; and a page."""
    folder.mkdir()
    rows = [ROW, ROW | {"StartLine": 9, "EndLine": 9}, ROW | {"StartLine": 9, "EndLine": 9}]
    (folder / "leaks.json").write_text(json.dumps(rows))
    (folder / "page.html").write_text("<html><body>hello</body></html>")
    return folder


def invoke(*arguments: str) -> tuple[int, Any, str]:
    result = CliRunner().invoke(secaid, ["ingest", *arguments, "--json"])
    return result.exit_code, json.loads(result.stdout), result.stderr


def test_what_is_enqueued_is_not_accounted_for_yet(home: Path) -> None:
    code, document, _ = invoke(str(reports(home / "leaks")))
    (one,) = document["artifacts"]
    assert (code, one["new"], one["accounted"], one["rows"]["total"]) == (0, True, False, 0)
    (again,) = invoke(str(home / "leaks"))[1]["artifacts"]
    assert (again["new"], again["artifact_id"]) == (False, one["artifact_id"])


def test_a_path_that_is_not_there_is_refused_and_the_others_are_taken(home: Path) -> None:
    code, document, stderr = invoke(str(home / "nowhere"), str(reports(home / "leaks")))
    assert (code, len(document["artifacts"]), len(document["refused"])) == (2, 1, 1)
    assert "nowhere does not exist" in stderr


def test_with_wait_every_raw_row_is_kept_a_duplicate_of_which_or_ignored(home: Path) -> None:
    command = [sys.executable, "-m", "daemon.cli", "ingest", str(reports(home / "leaks")), "--wait", "--json"]
    done = subprocess.run(command, capture_output=True, env=dict(os.environ), timeout=180)
    assert done.returncode == 0, done.stderr
    (one,) = json.loads(done.stdout)["artifacts"]
    assert one["rows"] == {"total": 3, "kept": 2, "duplicate": 1, "ignored": 0}
    leaks, page = one["files"]
    assert (page["state"], page["reason"], leaks["format"]) == ("ignored", "it is an HTML page", "gitleaks-json")
    assert [row["disposition"] for row in leaks["rows"]] == ["kept", "kept", "duplicate"]
    assert leaks["rows"][2]["finding_id"] == leaks["rows"][1]["finding_id"]
    assert leaks["rows"][2]["reason"] == "repeats row 1 of leaks.json"
    table = CliRunner().invoke(secaid, ["ingest", str(home / "leaks")])
    assert "3 raw rows: 2 kept, 1 duplicates, 0 ignored" in table.stdout


def test_a_report_that_cannot_be_read_is_said_with_its_reason(home: Path) -> None:
    (reports(home / "leaks") / "cut.sarif").write_text('{"version": "2.1.0", "runs": [')
    command = [sys.executable, "-m", "daemon.cli", "ingest", str(home / "leaks"), "--wait", "--json"]
    done = subprocess.run(command, capture_output=True, env=dict(os.environ), timeout=180)
    assert done.returncode == 1
    (one,) = json.loads(done.stdout)["artifacts"]
    assert one["problem"].startswith("cut.sarif: ")
    assert one["rows"]["kept"] == 2, "what the others say is kept"
