"""Whether somebody has written to a SQLite database, by the looks of its files: for who may not even open it."""

from __future__ import annotations

import os


class Written:
    """Call it now and then: what it returns has changed one call after the files did.

    One late, because a writer first writes its log and then makes it count: who looks at the queue in between finds
    nothing, and would not be told again. Of two writes within one tick of the file system's clock, the second may
    not show.
    """

    def __init__(self, database: str) -> None:
        self._files = (database, f"{database}-wal")
        self._now = self._stamps()

    def __call__(self) -> object:
        """Something to compare with what it was."""
        before, self._now = self._now, self._stamps()
        return before

    def close(self) -> None:
        """Nothing: it opens nothing."""

    def _stamps(self) -> tuple[tuple[int, int, int], ...]:
        return tuple(map(_stamp, self._files))


def _stamp(file: str) -> tuple[int, int, int]:
    try:
        status = os.stat(file)
    except OSError:
        return 0, 0, 0
    return status.st_ino, status.st_size, status.st_mtime_ns
