"""A scanner that is kept warm ends with the others when everything is stopped."""

import concurrent.futures
import sys
import time
from pathlib import Path

import pytest

from daemon.errors import ScannerUnavailable
from workers.verify.process import RUNNING, stop_all
from workers.verify.warm import WarmChild


def test_whoever_stops_all_does_not_wait_for_a_warm_scanner(tmp_path: Path) -> None:
    script = tmp_path / "slow.py"
    script.write_text("import time\ntime.sleep(60)\n")
    child = WarmChild(sys.executable, str(script))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(child.ask, {}, timeout=60, type=dict)
        while not RUNNING:
            time.sleep(0.01)
        stop_all()
        with pytest.raises(ScannerUnavailable, match="ended"):
            answer.result(timeout=30)
    assert not RUNNING
    child.close()
