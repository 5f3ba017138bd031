"""Starts mlx once in this process, with a fast BLAS where it runs on a CPU.

Importing mlx-lm lowers the limit of open files for good, and Metal aborts the process when memory is
short: both belong into a worker's child process, never into the daemon.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from daemon.errors import ModelUnavailable
from workers.llm.threads import THREADS
from workers.packages import INSTALL

_BLAS = ("libopenblas.so.0", "libmkl_rt.so.2")
_SETTERS = ("openblas_set_num_threads", "MKL_Set_Num_Threads")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@functools.cache
def mlx() -> Any:
    """The module `mlx.core`, ready for use.

    Raises:
        ModelUnavailable: mlx or mlx-lm is not installed, or cannot be loaded on this machine.
    """
    _preload_blas()
    try:
        import mlx.core as mx
        import mlx_lm  # noqa: F401 - asked for here so that its absence is one error, with one remedy
    except (ImportError, OSError) as error:
        message = f"mlx-lm cannot be loaded: {error}. `{INSTALL}` brings what models need"
        raise ModelUnavailable(message) from error
    if on_cpu(mx):
        mx.disable_compile()  # each new shape would start a C++ compiler, which costs more than it saves
    return mx


def on_cpu(mx: Any) -> bool:
    """Whether mlx computes on the CPU here: it wants float32, and dequantised weights."""
    return bool(mx.default_device().type == mx.DeviceType.cpu)


def _preload_blas() -> ctypes.CDLL | None:
    """Load a fast BLAS over the reference one in mlx's Linux wheel: 5 to 10 times the tokens a second."""
    if sys.platform != "linux" or "mlx.core" in sys.modules:
        return None
    # Waiting threads would take processor time for nothing.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    for name in _BLAS:
        with contextlib.suppress(OSError):
            return _following_load(ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL))
    return _preload_bundled_blas()


def _preload_bundled_blas() -> ctypes.CDLL | None:
    """The OpenBLAS that faiss's wheel brings, for machines where the system has none."""
    spec = importlib.util.find_spec("faiss")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent.with_name("faiss_cpu.libs")
    # What it needs lies beside it and is found by no search path: loaded first, in whatever order they need each other.
    beside = [file for file in sorted(folder.glob("lib*")) if "openblas" not in file.name]
    for file in [*beside, *beside]:
        with contextlib.suppress(OSError):
            ctypes.CDLL(str(file))
    for file in folder.glob("libopenblas*"):
        with contextlib.suppress(OSError):
            return _following_load(ctypes.CDLL(str(file), mode=ctypes.RTLD_GLOBAL))
    return None


def _following_load(blas: ctypes.CDLL) -> ctypes.CDLL:
    """The library, with as many threads as suit the machine's load unless somebody has said how many."""
    if not any(os.environ.get(variable) for variable in _THREADS):
        THREADS.follow_load(next(getattr(blas, setter) for setter in _SETTERS if hasattr(blas, setter)))
    return blas
