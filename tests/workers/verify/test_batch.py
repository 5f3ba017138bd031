"""How long one start of a scanner may take, and what becomes of a file that stops it."""

import os

import pytest

from workers.parsers import read
from workers.verify.answers import Unit
from workers.verify.batch import Scanners, _patience
from workers.verify.scanner import Tool


@pytest.mark.parametrize(("load", "times"), [(0.0, 1), (2.0, 1), (4.0, 2), (400.0, 4)])
def test_a_start_may_take_longer_where_others_want_the_processors_too(load, times, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert _patience() == times


def test_a_file_over_which_a_scanner_did_not_end_is_not_given_to_it_again(tmp_path):
    """Every fix of it would stop the scanner once more."""
    program = tmp_path / "hadolint"
    program.write_text("#!/bin/sh\nsleep 60\n")
    program.chmod(0o755)
    scanners = Scanners([Tool(name="hadolint", executable=str(program), version="1")], read, timeout=0.3)
    for content in (b"FROM a\n", b"FROM b\n", b"FROM c\n"):
        unit = Unit("Dockerfile", content)
        scan = scanners.scan({"hadolint": [unit]})["hadolint", unit]
        assert scan.failed
        assert "did not finish" in scan.errors[0]
    assert scanners.starts == 1
