"""What a worker becomes when it has been idle for long: the same process, a sixth of the size, at the same door.

It listens to the doorbell, looks at the queue now and then, and turns back into the worker (`exec`) the
moment there may be something to do. Process id and identity stay, so nobody sees a worker leave. It
imports the standard library only, and SQLite not even for its looks (`daemon.process.apart`).
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import time

from daemon.process import rest
from daemon.process.apart import apart
from daemon.store.fifo import FifoBell
from daemon.store.identity import own_identity
from daemon.store.written import Written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_CLOCK_STEP = 2.0
_LOOK_SECONDS = 5.0
"""Between two looks at the database's files. What a ring that was missed can cost an idle worker is twice as much."""
BEAT_SECONDS = 300.0
"""Between two heartbeats; as often the queue is looked at, even if no bell rang and no other process wrote. That one
who rests has ended shows at once, by his process id; this is for one who hangs.
"""


def become(database: str, kind: str, worker: list[str]) -> NoReturn:
    """Replace this process by a doorman for `kind`, which later replaces itself by the command `worker`."""
    sys.stdout.flush()
    sys.stderr.flush()
    replace([*rest.COMMAND, "doorman", database, kind, *worker])


def main(arguments: list[str]) -> NoReturn:
    """`DATABASE KIND COMMAND…`: wait until there is work, then become COMMAND."""
    database, kind, *worker = arguments
    heed_signals(database)
    bell = FifoBell(database, [kind], Written(database), _LOOK_SECONDS)
    began = _clock()
    beat = next_beat()
    beats = True  # He promises less than the worker did.
    while True:
        told = apart(functools.partial(_look, database, kind, own_identity() if beats else None), SIGNALS)
        due = float(told) if told else None
        if due == 0 or _clock() < began - _CLOCK_STEP:
            replace(worker)
        left = max(0.0, beat - time.monotonic())
        bell.wait(left if due is None else min(due, left))
        # Not only after a quiet wait: where others write all the time, there is none.
        beats = time.monotonic() >= beat
        if beats:
            beat = next_beat()


def next_beat() -> float:
    """When the next heartbeat is due, by `time.monotonic`: for all who rest at the same moment, because each one's
    writing has all others look.
    """
    return (time.monotonic() // BEAT_SECONDS + 1) * BEAT_SECONDS


def _look(database: str, kind: str, identity: str | None) -> str:
    """Send a heartbeat, where `identity` is given, and tell the seconds until there may be work; nothing for none."""
    from daemon.store import glance

    if identity is not None:
        glance.touch(database, identity, BEAT_SECONDS)
    due = glance.next_due(database, kind)
    return "" if due is None else repr(due)


def _clock() -> float:
    """Falls when somebody sets the wall clock back, for which a retry could wait for a day; the worker frees it."""
    return time.time() - time.monotonic()


def heed_signals(database: str) -> None:
    """From here on, a signal ends this process, which signs off."""
    identity = own_identity()

    def leave(_number: int, _frame: FrameType | None) -> None:
        from daemon.store import glance

        glance.sign_off(database, identity)
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
