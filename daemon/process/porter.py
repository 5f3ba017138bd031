"""What a poller becomes until GitHub is to be asked again: the same process, a sixth of the size.

It turns back into the poller (`exec`) at that moment, or when something has changed in a watched folder.
Like the doorman, it keeps process id and identity, imports the standard library only, and SQLite not even for its
heartbeats (`daemon.process.apart`).
"""

from __future__ import annotations

import functools
import os
import sys
import time
import zlib

from daemon.poll.suffixes import TAKEN
from daemon.process import doorman, rest
from daemon.process.apart import apart
from daemon.store.identity import own_identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

_FOLDER_SECONDS = 2.0
"""Between two looks at the watched folders: a few system calls each."""


def become(database: str, due: float, noticed: int, folders: Sequence[str], poller: Sequence[str]) -> NoReturn:
    """Replace this process by a porter, which later replaces itself by the command `poller`, `--due` and the moment.

    Args:
        database: where the heartbeat goes.
        due: when GitHub is to be asked again, by `time.monotonic`; infinite for never.
        noticed: `snapshot` of the folders from before the poller last looked at them.
        folders: the watched ones.
        poller: the command.
    """
    arguments = [database, str(due), str(noticed), str(len(folders)), *folders, *poller]
    sys.stdout.flush()
    sys.stderr.flush()
    doorman.replace([*rest.COMMAND, "porter", *arguments])


def main(arguments: list[str]) -> NoReturn:
    """`DATABASE DUE NOTICED NUMBER FOLDER… COMMAND…`: wait, then become COMMAND."""
    database, due, noticed, number, *more = arguments
    folders, poller = more[: int(number)], more[int(number) :]
    doorman.heed_signals(database)
    beat = float("-inf")  # He promises less than the poller did.
    while time.monotonic() < float(due) and snapshot(folders) == int(noticed):
        if time.monotonic() >= beat:
            apart(functools.partial(_beat, database, own_identity()), doorman.SIGNALS)
            beat = doorman.next_beat()
        until = min(float(due), beat)
        time.sleep(max(0.0, min(until - time.monotonic(), _FOLDER_SECONDS if folders else doorman.BEAT_SECONDS)))
    doorman.replace([*poller, "--due", due])


def _beat(database: str, identity: str) -> str:
    from daemon.store import glance

    glance.touch(database, identity, doorman.BEAT_SECONDS)
    return ""


def snapshot(folders: Sequence[str]) -> int:
    """A number that changes when a report or zip in one of the folders comes, goes or changes."""
    number = 0
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                found = sorted((entry.name, *_state(entry)) for entry in entries if _is_taken(entry.name))
        except OSError:
            found = []
        number = zlib.crc32(repr(found).encode("utf-8", "surrogatepass"), number)
    return number


def _is_taken(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in TAKEN


def _state(entry: os.DirEntry[str]) -> tuple[int, int, int]:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return 0, 0, 0
    return status.st_size, status.st_mtime_ns, status.st_ino
