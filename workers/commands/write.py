"""Writing what a person asked for: all or nothing where it is a file, straight into it where it is anything else."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path

from daemon.errors import SourceUnavailable

STDOUT = Path("-")


def write_output(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; pipes, devices and links are written to and never replaced; `-` is stdout.

    Raises:
        SourceUnavailable: it cannot be written.
    """
    if path == STDOUT:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        if replaceable(path):
            replace(path, content, None)
        else:
            with path.open("wb", buffering=0) as file:
                file.write(content)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}"
        raise SourceUnavailable(message) from error


def replaceable(path: Path) -> bool:
    """Whether a rename onto the path takes nothing away but a regular file's content."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return True


def replace(target: Path, content: bytes, mode: int | None, *, aside: str | None = None) -> None:
    """Write aside, sync, rename onto a regular file; with no mode, a new file gets what the umask leaves.

    Args:
        target: the file.
        content: what it will hold.
        mode: its permissions.
        aside: the name to write under first, beside the file, where others must be able to tell what a kill left.

    Raises:
        OSError: something else than a regular file lies there, or it cannot be written.
    """
    if not replaceable(target):
        raise OSError(0, "it is no regular file", str(target))
    if aside is None:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    else:
        name = str(target.parent / aside)
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_mode(target) if mode is None else mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mode(target: Path) -> int:
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
