"""Runs the supervisor's own command."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

import msgspec

from daemon.errors import Unavailable

_SECONDS = 60.0
"""`launchctl bootout` may wait for a process that is still ending."""


class Done(msgspec.Struct, frozen=True):
    """How one call ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """What it told, on one line."""
        return " ".join((self.err.strip() or self.out.strip() or "nothing").split())


def call(command: Sequence[str], *, absent: str) -> Done:
    """Run it and wait.

    Raises:
        Unavailable: there is no such program (`absent` says what that means), or it did not end.
    """
    program = shutil.which(command[0])
    if program is None:
        raise Unavailable(absent)
    try:
        done = subprocess.run(
            [program, *command[1:]],
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired as error:
        message = f"`{' '.join(command)}` did not end within {_SECONDS:g} s; try again"
        raise Unavailable(message) from error
    return Done(done.returncode, done.stdout, done.stderr)
