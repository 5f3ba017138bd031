"""What is kept of scanners' answers from one run to the next, and what is not."""

import os
import stat
import time

import pytest

from daemon.domain.finding import Finding
from daemon.domain.severity import Severity
from workers.verify import remembered
from workers.verify.answers import FileScan
from workers.verify.remembered import KEPT_DAYS, RememberedScans

KEY = "ab" * 32


def _scan(message: str = "eval", **fields) -> FileScan:
    finding = Finding(tool="bandit", rule="B307", message=message, severity=Severity.HIGH)
    return FileScan(**{"scanner": "bandit", "version": "1.9.1", "findings": (finding,), "read": True} | fields)


def test_an_answer_outlives_the_process_for_its_owner_alone(tmp_path):
    place = tmp_path / "scans"
    RememberedScans(place).put(KEY, _scan())
    assert RememberedScans(place).get(KEY) == _scan()
    assert RememberedScans(place).get("cd" * 32) is None
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "scan",
    [
        _scan(read=False, failed=True),
        _scan(f"Possible hardcoded password: 'ghp_{'a1B2' * 9}'"),
        _scan("ENV API_TOKEN=Xk29fjQ8wLmZp4Tr"),
    ],
)
def test_what_proves_nothing_and_what_holds_a_credential_is_kept_by_this_process_alone(tmp_path, scan):
    scans = RememberedScans(tmp_path)
    scans.put(KEY, scan)
    assert scans.get(KEY) == scan
    assert RememberedScans(tmp_path).get(KEY) is None


def test_that_a_scanner_was_out_of_time_is_believed_for_an_hour(tmp_path):
    late = _scan(read=False, errors=("a.py: ran out of time",))
    RememberedScans(tmp_path).put(KEY, late)
    assert RememberedScans(tmp_path).get(KEY) == late
    [file] = [one for one in tmp_path.glob("*/*/*") if one.is_file()]
    before = time.time() - 3601
    os.utime(file, (before, before))
    assert RememberedScans(tmp_path).get(KEY) is None


def test_that_a_scanner_leaves_a_file_out_by_its_own_rules_is_kept(tmp_path):
    left = _scan(read=False, left_out=True, findings=())
    RememberedScans(tmp_path).put(KEY, left)
    assert RememberedScans(tmp_path).get(KEY) == left


def test_another_release_of_secaid_asks_again(tmp_path, monkeypatch):
    RememberedScans(tmp_path).put(KEY, _scan())
    monkeypatch.setattr(remembered, "_code", lambda: "another")
    assert RememberedScans(tmp_path).get(KEY) is None


def test_a_broken_answer_is_none(tmp_path):
    RememberedScans(tmp_path).put(KEY, _scan())
    [file] = [one for one in tmp_path.glob("*/*/*") if one.is_file()]
    file.write_bytes(b"\x81")
    assert RememberedScans(tmp_path).get(KEY) is None


def test_what_nobody_asked_for_in_a_month_goes(tmp_path):
    RememberedScans(tmp_path).put(KEY, _scan())
    [file] = [one for one in tmp_path.glob("*/*/*") if one.is_file()]
    old = time.time() - (KEPT_DAYS + 1) * 86_400
    os.utime(file, (old, old))
    os.utime(tmp_path / "tidied", (old, old))
    RememberedScans(tmp_path)
    assert not file.exists()


def test_a_folder_that_cannot_be_made_leaves_this_process_its_memory(tmp_path):
    (tmp_path / "scans").write_text("a file")
    scans = RememberedScans(tmp_path / "scans")
    scans.put(KEY, _scan())
    assert scans.get(KEY) == _scan()
