"""What a worker becomes when it has been idle for long: the same process, a fifth of the size, at the same door.

It listens to the doorbell, looks at the queue now and then, and turns back into the worker (`exec`) the
moment there may be something to do. Process id and identity stay, so nobody sees a worker leave. It
imports the standard library only.
"""

from __future__ import annotations

import os
import signal
import sys
import time

from daemon.store import glance
from daemon.store.fifo import FifoBell
from daemon.store.identity import own_identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_CLOCK_STEP = 2.0
_LOOK_SECONDS = 5.0
"""What a ring that was missed can cost an idle worker; each look costs a fifth of a millisecond."""
BEAT_SECONDS = 120.0
"""Between two heartbeats; as often the queue is looked at, even if no bell rang and no other process wrote."""


def become(database: str, kind: str, worker: list[str]) -> NoReturn:
    """Replace this process by a doorman for `kind`, which later replaces itself by the command `worker`."""
    command = [sys.executable, "-m", "daemon.process.doorman", database, kind, *worker]
    sys.stdout.flush()
    sys.stderr.flush()
    replace(command)


def main(arguments: list[str]) -> NoReturn:
    """`DATABASE KIND COMMAND…`: wait until there is work, then become COMMAND."""
    database, kind, *worker = arguments
    heed_signals(database)
    bell = FifoBell(database, [kind], _LOOK_SECONDS)
    began = _clock()
    beat = time.monotonic() + BEAT_SECONDS
    while True:
        due = glance.next_due(database, kind)
        if due == 0 or _clock() < began - _CLOCK_STEP:
            replace(worker)
        left = max(0.0, beat - time.monotonic())
        bell.wait(left if due is None else min(due, left))
        # Not only after a quiet wait: where others write all the time, there is none.
        if time.monotonic() >= beat:
            glance.touch(database, own_identity(), BEAT_SECONDS)
            beat = time.monotonic() + BEAT_SECONDS


def _clock() -> float:
    """Falls when somebody sets the wall clock back, for which a retry could wait for a day; the worker frees it."""
    return time.time() - time.monotonic()


def heed_signals(database: str) -> None:
    """From here on, a signal ends this process, which signs off."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        glance.sign_off(database, own_identity())
        os._exit(0)

    for number in SIGNALS:
        signal.signal(number, leave)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def hold_signals() -> None:
    """From here on, a signal waits until somebody heeds signals again, be it after an `exec`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def replace(command: list[str]) -> NoReturn:
    """Become another program. A signal that comes before its handlers are there waits until they are."""
    hold_signals()
    os.execv(command[0], command)  # noqa: S606 - a list of arguments, of this process' own making


if __name__ == "__main__":
    main(sys.argv[1:])
