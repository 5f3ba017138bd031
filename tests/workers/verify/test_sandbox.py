"""The sandbox of L4: it sees a pass and a failure, and lets a stranger's tests reach nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.errors import ScannerUnavailable
from workers.repair.tested import control, passing
from workers.verify import sandbox
from workers.verify.sandbox import Sandbox


@pytest.fixture
def project(tmp_path: Path) -> Path:
    try:
        sandbox.kind()
    except ScannerUnavailable as error:
        pytest.skip(str(error))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.txt").write_text("1\n")
    return folder


def test_the_command_sees_the_fixed_files_and_the_project_stays_as_it_is(project):
    tests = Sandbox(project, "grep -q 1 a.txt && echo made > made.txt", timeout=60)
    assert tests.passes({}).passed
    assert not tests.passes({"a.txt": b"2\n"}).passed
    assert sorted(file.name for file in project.iterdir()) == ["a.txt"]


def test_nothing_outside_can_be_written_and_no_network_is_there(project, tmp_path):
    outside = tmp_path / "outside"
    assert not Sandbox(project, f"touch {outside}", timeout=60).passes({}).passed
    assert not outside.exists()
    dial = "python3 -c \"import socket; socket.create_connection(('192.0.2.1', 80), 2)\""
    assert not Sandbox(project, dial, timeout=60).passes({}).passed


def test_a_command_that_never_ends_is_ended(project):
    """With fixes that make it so, too: they fail, and the others are still tried."""
    assert Sandbox(project, "sleep 600", timeout=1).passes({}).words.startswith("the command did not finish within 1 s")
    (project / "b.txt").write_text("1\n")
    tests = Sandbox(project, "grep -q 1 a.txt || sleep 600", timeout=3)
    control(tests)
    assert set(passing({"a.txt": b"2\n", "b.txt": b"2\n"}, tests)) == {"b.txt"}


def test_tests_that_fail_on_the_project_as_it_is_prove_nothing(project):
    with pytest.raises(ScannerUnavailable, match="fails on the project as it is"):
        control(Sandbox(project, "false", timeout=60))


def test_of_fixes_that_fail_together_those_that_pass_alone_are_kept(project):
    (project / "b.txt").write_text("1\n")
    tests = Sandbox(project, "grep -q 1 a.txt", timeout=60)
    assert set(passing({"a.txt": b"2\n", "b.txt": b"2\n"}, tests)) == {"b.txt"}


def test_where_no_sandbox_works_it_is_refused(monkeypatch, project):
    monkeypatch.setattr(sandbox, "_works", lambda: None)
    with pytest.raises(ScannerUnavailable, match="L4 needs a sandbox"):
        Sandbox(project, "true", timeout=1)
