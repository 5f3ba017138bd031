"""Scanners kept warm: one child per scanner's environment, asked over a pipe, ended with this process or when stuck."""

from __future__ import annotations

import atexit
import functools
import os
import selectors
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from daemon.errors import ScannerStuck, ScannerUnavailable
from workers.verify.process import MAX_OUTPUT_BYTES, RUNNING, environment, kill_group, said
from workers.verify.scratch import Scratch

T = TypeVar("T")
_HERE = Path(__file__).parent


class WarmChild:
    """A child that answers one JSON line with one JSON line. A question at a time; a dead child is started again."""

    def __init__(self, executable: str, script: str) -> None:
        self._python = str(Path(executable).parent / "python")
        self._script = str(_HERE / script)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._home = Scratch("warm")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed with the child

    def ask(self, question: Any, *, timeout: float, type: type[T]) -> T:  # noqa: A002  as msgspec names it
        """The answer, decoded.

        Raises:
            ScannerUnavailable: the child cannot start, died, was too slow, or said something else.
        """
        with self._lock:
            process = self._running()
            # Only while it answers: whoever stops all waits for nobody's answer, and an idle one costs nobody's time.
            RUNNING.add(process)
            try:
                line = self._exchange(process, msgspec.json.encode(question) + b"\n", time.monotonic() + timeout)
                return msgspec.json.decode(line, type=type)
            except (OSError, ScannerUnavailable, msgspec.DecodeError) as error:
                self._stop()
                message = f"{Path(self._script).stem}: {error}: {self._words()}"
                kind = ScannerStuck if isinstance(error, ScannerStuck) else ScannerUnavailable
                raise kind(message) from error
            finally:
                RUNNING.discard(process)

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._stop()
            self._log.close()
            self._home.cleanup()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = self._start()
        return self._process

    def _start(self) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        env = environment(self._python, Path(self._home.name))
        command = [self._python, "-I", self._script]
        try:
            return subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=self._log, env=env, start_new_session=True, cwd="/"
            )
        except OSError as error:
            message = f"{self._python} could not be started: run `secaid setup --scanners`"
            raise ScannerUnavailable(message) from error

    def _exchange(self, process: subprocess.Popen[bytes], question: bytes, deadline: float) -> bytes:
        if process.stdin is None or process.stdout is None:
            message = "its pipes are closed"
            raise ScannerUnavailable(message)
        process.stdin.write(question)
        process.stdin.flush()
        answer = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    message = "it did not answer in time"
                    raise ScannerStuck(message)
                piece = os.read(process.stdout.fileno(), 1 << 20)
                answer += piece
                if not piece or len(answer) > MAX_OUTPUT_BYTES:
                    message = "it ended" if not piece else "it said too much"
                    raise ScannerUnavailable(message)
        return bytes(answer)

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            kill_group(process)

    def _words(self) -> str:
        self._log.seek(0)
        return said(self._log.read()[-2000:])


@functools.cache
def child(executable: str, script: str) -> WarmChild:
    """The one child of this environment and script."""
    made = WarmChild(executable, script)
    atexit.register(made.close)
    return made
