"""Asks to stop: signals, and the end of the process that started this one, as descriptors to `select` on."""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stop:
    """A context in which SIGTERM, SIGINT and SIGHUP set `asked` and wake every `select` on `descriptors`.

    A second SIGINT raises KeyboardInterrupt, for the person who means it.
    """

    def __init__(self, parent: int | None = None) -> None:
        """`parent`: a pipe that ends when the process that started this one does."""
        self.asked = False
        self._parent = parent
        self._read, self._write = socket.socketpair()
        self._before: dict[signal.Signals, Any] = {}
        self._wakeup = -1

    def __enter__(self) -> Stop:
        """Install the handlers."""
        for end in (self._read, self._write):
            end.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        # A doorman that became this worker held them back until now.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the former handlers back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._read.close()
        self._write.close()

    @property
    def descriptors(self) -> list[int]:
        """Readable when something happened: look at `asked` then."""
        own = [] if self.asked else [self._read.fileno()]
        return own if self._parent is None else [*own, self._parent]

    def look(self) -> bool:
        """Whether it is time to stop."""
        if self._parent is not None and select.select([self._parent], [], [], 0)[0]:
            self.asked = True
        return self.asked

    def sleep(self, seconds: float, also: Iterable[int] = ()) -> bool:
        """Sleep, less when asked to stop or when a descriptor in `also` is readable; whether it is time to stop."""
        if not self.look():
            select.select([*self.descriptors, *also], [], [], max(0.0, seconds))
        return self.look()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True


def die_with_parent() -> None:
    """On Linux, let the kernel end this process when its parent ends, even in the middle of a C call."""
    import ctypes

    library = ctypes.CDLL(None)
    if hasattr(library, "prctl"):
        pr_set_pdeathsig = 1
        library.prctl(pr_set_pdeathsig, signal.SIGKILL)


def own_group_ends() -> None:
    """End this process and every process it started in its group, now."""
    os.killpg(os.getpgid(0), signal.SIGKILL)
