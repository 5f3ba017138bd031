"""Unit files: written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from daemon.errors import Unavailable


def write(path: Path, content: bytes) -> bool:
    """Write aside and rename; whether anything changed. launchd refuses files that others may write.

    Raises:
        Unavailable: the folder cannot be made or written.
    """
    if read(path) == content:
        return False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}. Make sure that its folder is yours, then try again"
        raise Unavailable(message) from error
    return True


def read(path: Path) -> bytes | None:
    """A unit's file; None where there is none."""
    try:
        return path.read_bytes()
    except OSError:
        return None
