"""A killed process leaves nothing behind for long."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from workers.verify import scratch
from workers.verify.scratch import Scratch

HOLDS = """
import sys
from workers.verify.scratch import Scratch
with Scratch("test") as folder:
    open(f"{folder}/half", "w").close()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the test's own, for it and for the processes that it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    scratch._sweep.cache_clear()
    return tmp_path


@pytest.fixture
def other():
    """Another process inside of a folder that it made long enough ago."""
    process = subprocess.Popen([sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    folder = Path(process.stdout.readline().strip())
    long_ago = time.time() - 3600
    os.utime(folder, (long_ago, long_ago))
    yield process, folder
    process.kill()
    process.communicate()


def test_it_is_gone_at_the_end(temporary: Path) -> None:
    with Scratch("test") as folder:
        (Path(folder) / "file").touch()
    assert not list(temporary.iterdir())


def test_what_a_killed_process_left_is_removed_by_the_next(other) -> None:
    process, folder = other
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (folder / "half").exists()
    with Scratch("test"):
        assert not folder.exists()


def test_what_a_living_process_holds_stays(other) -> None:
    _, folder = other
    with Scratch("test"):
        assert (folder / "half").exists()


def test_a_fresh_folder_and_a_link_stay(temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Its maker may be about to lock the one; the other leads to who knows what."""
    fresh = temporary / "secaid-scratch-scan-fresh"
    fresh.mkdir()
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    os.utime(elsewhere, (0, 0))
    link = temporary / "secaid-scratch-scan-link"
    link.symlink_to(elsewhere)
    with Scratch("test"):
        assert fresh.exists()
        assert link.is_symlink()
    assert elsewhere.exists()
