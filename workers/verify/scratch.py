"""Temporary folders that do not outlive a killed process: the next one that makes a folder removes what it left.

Whoever made a folder holds a lock on it for as long as it lives, and the kernel lets go of that at any death. So what
can be locked is nobody's.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import shutil
import tempfile
import time
from pathlib import Path

_PREFIX = "secaid-scratch-"
_SETTLED_SECONDS = 60.0
"""Younger folders are left alone: theirs may be about to be locked."""


class Scratch(tempfile.TemporaryDirectory[str]):
    """A folder of this process, removed with its content at the end of the `with`, or by `cleanup`."""

    def __init__(self, purpose: str) -> None:
        _sweep()
        super().__init__(prefix=f"{_PREFIX}{purpose}-")
        self._held: int | None = os.open(self.name, os.O_RDONLY)
        fcntl.flock(self._held, fcntl.LOCK_EX)

    def cleanup(self) -> None:
        """Remove the folder."""
        super().cleanup()
        if self._held is not None:
            os.close(self._held)
            self._held = None


@functools.cache
def _sweep() -> None:
    """Remove this user's folders whose makers are dead; once a process is enough."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # Another process may be first; a folder of somebody else is not to be opened.
        with contextlib.suppress(OSError):
            _remove_abandoned(folder)


def _remove_abandoned(folder: Path) -> None:
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        about = os.fstat(held)
        if about.st_uid == os.getuid() and time.time() - about.st_mtime > _SETTLED_SECONDS:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
    finally:
        os.close(held)
