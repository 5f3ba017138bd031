"""The heavy child process, seen from its worker: started, spoken to, watched, ended."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import psutil

from daemon.errors import Unavailable
from daemon.masking import mask
from daemon.process.messages import FromChild, Reader, Run, Setup, from_child, send
from daemon.process.policy import Policy

COMMAND = (sys.executable, "-m", "workers.child")
"""By name: the control plane never imports the data plane."""
_START_SECONDS = 120.0
_TAIL = 4000
"""Bytes kept of what the child last wrote to stderr: a crash's only message."""


class ChildBroken(Unavailable):
    """The child cannot start; the message ends with what it said."""


class Child:
    """One running child of one kind."""

    def __init__(self, kind: str, setup: Setup, command: Sequence[str] = COMMAND) -> None:
        self.kind = kind
        self.policy = Policy()
        self._tail = self._line = b""
        self._silent = False
        self._start(setup, command)

    def _start(self, setup: Setup, command: Sequence[str]) -> None:
        their_read, self._write = os.pipe()
        read, their_write = os.pipe()
        self._stderr, their_stderr = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*command, self.kind, str(their_read), str(their_write)],
                pass_fds=(their_read, their_write),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=their_stderr,
                # A group of its own: scanners it started end with it.
                start_new_session=True,
            )
        finally:
            for end in (their_read, their_write, their_stderr):
                os.close(end)
        self._reader = Reader(read)
        self._messages: list[FromChild] = []
        _sacrifice_first(self._process.pid)
        with contextlib.suppress(OSError):
            send(self._write, setup)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def descriptors(self) -> list[int]:
        """Readable when it said something or ended."""
        return [self._reader.descriptor] if self._silent else [self._reader.descriptor, self._stderr]

    def await_hello(self, stop: Sequence[int]) -> bool:
        """Wait until it is ready; False when one of `stop` became readable before.

        Raises:
            ChildBroken: it ended, or said nothing for two minutes.
        """
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and not self._reader.ended:
            ready, _, _ = select.select([*self.descriptors, *stop], [], [], 1.0)
            if set(ready) & set(stop):
                return False
            hello = self.poll(0)
            if hello is not None:
                self.policy = getattr(hello, "policy", self.policy)
                return True
        ended = self.end()
        message = f"the {self.kind} worker's child process cannot start ({ended}): {self.last_words() or 'no output'}"
        raise ChildBroken(message)

    def run(self, job: Run) -> None:
        """Hand it a job; that it is gone shows in `poll` and `ended`."""
        with contextlib.suppress(OSError):
            send(self._write, job)

    def poll(self, seconds: float, also: Sequence[int] = ()) -> FromChild | None:
        """Its next message, if one comes within `seconds`; None also when `also` became readable or it ended."""
        if not self._messages:
            ready, _, _ = select.select([*self.descriptors, *also], [], [], max(0.0, seconds))
            if self._stderr in ready:
                self._hear()
            if self._reader.descriptor in ready:
                self._read_messages()
        return self._messages.pop(0) if self._messages else None

    def _read_messages(self) -> None:
        try:
            self._messages += [from_child(line) for line in self._reader.lines()]
        except ValueError as error:
            # Whatever wrote this, it is not to be trusted with the next job.
            self._tail += f"\nit wrote into the worker's pipe what is no message: {error}".encode()
            self._reader.ended = True

    @property
    def ended(self) -> bool:
        """Whether it closed its pipe: it is gone, or as good as gone."""
        return self._reader.ended and not self._messages

    def memory_mb(self) -> float:
        """Resident memory of it and of all it started, in MiB."""
        try:
            process = psutil.Process(self.pid)
            family = [process, *process.children(recursive=True)]
        except psutil.Error:
            return 0.0
        total = 0
        for member in family:
            with contextlib.suppress(psutil.Error):
                total += member.memory_info().rss
        return total / 2**20

    def last_words(self) -> str:
        """The end of its stderr, masked."""
        return mask(self._tail.decode(errors="replace").strip())

    def end(self, grace_seconds: float = 0.0) -> str:
        """End it and its group, and say how it ended: `exit 1`, `SIGSEGV`."""
        os.close(self._write)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_seconds)
        code = self._process.poll()
        # Its group too, when it is gone itself: it may have left a scanner behind.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._close()
        return _how(self._process.returncode if code is None else code)

    def _close(self) -> None:
        while not self._silent and select.select([self._stderr], [], [], 0)[0]:
            self._hear()
        os.close(self._stderr)
        os.close(self._reader.descriptor)
        self._silent = self._reader.ended = True

    def _hear(self) -> None:
        """Keep the end of what it writes to stderr, and pass it on masked, in whole lines."""
        said = os.read(self._stderr, 65536)
        self._silent = not said
        self._tail = (self._tail + said)[-_TAIL:]
        lines, line_end, self._line = (self._line + said).rpartition(b"\n")
        if self._silent or len(self._line) > _TAIL:
            lines, line_end, self._line = lines + line_end + self._line, b"", b""
        if lines:
            with contextlib.suppress(OSError):
                os.write(2, mask((lines + line_end).decode(errors="replace")).encode())


def limit_memory(megabytes: int) -> None:
    """Called in the child: refuse to allocate more private memory than this, where the system can (Linux)."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            resource.setrlimit(resource.RLIMIT_DATA, (megabytes * 2**20, megabytes * 2**20))


def _sacrifice_first(pid: int) -> None:
    """When the machine runs out of memory, let the kernel end the heavy child and nobody else (Linux)."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/oom_score_adj", "w", encoding="ascii") as score:  # noqa: PTH123 - a kernel file
        score.write("500")


def _how(code: int) -> str:
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
