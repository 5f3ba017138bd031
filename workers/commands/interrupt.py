"""Ctrl-C, a cancelled CI run, a closed terminal: all end a command in one way, and none between two writes."""

from __future__ import annotations

import contextlib
import signal
import types
from collections.abc import Callable, Iterator
from typing import NoReturn

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number
        """As a shell reports it."""


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Raises `Interrupted` for every signal that asks to end: scanners are ended and temporary files removed.

    Without it SIGTERM, which is what a cancelled run gets, would leave both behind.
    """
    with _handled_by(_interrupt):
        yield


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Signals wait until the end of the block, which has to be short."""
    came: list[int] = []
    try:
        with _handled_by(lambda number, _frame: came.append(number)):
            yield
    finally:
        if came:
            signal.raise_signal(came[0])


@contextlib.contextmanager
def _handled_by(handler: Callable[[int, types.FrameType | None], object]) -> Iterator[None]:
    # Whoever started this with a signal ignored (nohup) wants it so.
    before = {one: signal.signal(one, handler) for one in _ENDING if signal.getsignal(one) is not signal.SIG_IGN}
    try:
        yield
    finally:
        for one, was in before.items():
            signal.signal(one, was)


def _interrupt(number: int, _frame: types.FrameType | None) -> NoReturn:
    raise Interrupted(number)
