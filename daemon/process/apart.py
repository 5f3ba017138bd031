"""Has a passing copy of this process do what takes memory: for those who rest, and are to stay small.

SQLite, once imported, stays: a sixth of all that a doorman has. He needs it for some milliseconds every five minutes.
"""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def apart(work: Callable[[], str], signals: Sequence[signal.Signals]) -> str:
    """What `work` returns, found by a copy of this process; this process itself sees to it where none can be made,
    or where the copy was killed.

    Only for a process with a single thread: a copy has none of the others, and whatever they held stays locked in it.

    Args:
        work: may be done twice.
        signals: those that this process handles, and its copy does not.
    """
    read, write = os.pipe()
    try:
        pid = os.fork()
    except OSError:  # As many processes as there may be.
        os.close(read)
        os.close(write)
        return work()
    if pid == 0:
        _be_the_copy(work, write, signals)
    os.close(write)
    with open(read, "rb") as file:
        said = file.read()
    _, status = os.waitpid(pid, 0)
    return work() if status else said.decode()


def _be_the_copy(work: Callable[[], str], write: int, signals: Sequence[signal.Signals]) -> None:
    """Never returns: what comes after belongs to the process that was copied."""
    code = 1
    try:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        os.write(write, work().encode())
        code = 0
    finally:
        os._exit(code)
