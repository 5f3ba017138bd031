"""Runs a module or a file under a wall clock that a test can set: `shifted.py OFFSET_FILE MODULE_OR_FILE ARGUMENT…`."""

from __future__ import annotations

import runpy
import sys
import time
from pathlib import Path

_offset = Path(sys.argv[1])
_real = time.time


def _shifted() -> float:
    return _real() + float(_offset.read_text() or 0)


time.time = _shifted
sys.argv = sys.argv[2:]
if sys.argv[0].endswith(".py"):
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
else:
    sys.path[0] = ""
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
