"""What a worker and its child say to each other: one JSON document a line, over two pipes."""

from __future__ import annotations

import os
import select
from pathlib import Path
from typing import Any

import msgspec

from daemon.domain.job import Job
from daemon.paths import Paths
from daemon.process.policy import Policy
from daemon.settings import Settings

LONGEST = 16 * 2**20
"""Bytes of one message; more is a broken peer."""


class Setup(msgspec.Struct, frozen=True, kw_only=True, tag="setup"):
    """Worker → child, first: where everything is."""

    settings: Settings
    paths: dict[str, str]
    database: str

    def folders(self) -> Paths:
        """The installation's folders."""
        return Paths(**{name: Path(path) for name, path in self.paths.items()})


class Run(msgspec.Struct, frozen=True, kw_only=True, tag="run"):
    """Worker → child: do this job."""

    job: Job


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """Child → worker, once: it is ready, and this is its kind's policy."""

    policy: Policy


class Completed(msgspec.Struct, frozen=True, kw_only=True, tag="completed"):
    """Child → worker: the job's completion is committed."""

    job: int


class Lost(msgspec.Struct, frozen=True, kw_only=True, tag="lost"):
    """Child → worker: the claim stood no more, and nothing was written."""

    job: int


class Postponed(msgspec.Struct, frozen=True, kw_only=True, tag="postponed"):
    """Child → worker: something the job needs is not here, or (`store`) not now."""

    job: int
    reason: str
    cause: str


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """Child → worker: the attempt gave no result."""

    job: int
    cause: str
    reason: str
    permanent: bool = False
    not_before: float | None = None
    """Seconds since 1970."""


ToChild = Setup | Run
Outcome = Completed | Lost | Postponed | Failed
FromChild = Hello | Outcome

_to_child = msgspec.json.Decoder(ToChild)
_from_child = msgspec.json.Decoder(FromChild)


def setup(settings: Settings, paths: Paths, database: str) -> Setup:
    """The first message."""
    folders = {name: str(getattr(paths, name)) for name in Paths.__dataclass_fields__}
    return Setup(settings=settings, paths=folders, database=database)


def send(descriptor: int, message: Any) -> None:
    """Write one message, however often the pipe fills up.

    Raises:
        OSError: the other end is gone.
    """
    data = memoryview(msgspec.json.encode(message) + b"\n")
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            select.select([], [descriptor], [])


class Reader:
    """Cuts a pipe's bytes into messages."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.ended = False
        self._buffer = b""

    def lines(self) -> list[bytes]:
        """Read what is there (waits for something to be) and return the whole lines; sets `ended` at the end.

        Raises:
            ValueError: a line without end.
        """
        chunk = os.read(self.descriptor, 65536)
        if not chunk:
            self.ended = True
            return []
        *whole, self._buffer = (self._buffer + chunk).split(b"\n")
        if len(self._buffer) > LONGEST:
            message = f"a message of more than {LONGEST} bytes came through the pipe"
            raise ValueError(message)
        return [line for line in whole if line]


def to_child(line: bytes) -> ToChild:
    """Decode a worker's message.

    Raises:
        ValueError: it is none.
    """
    message: ToChild = _to_child.decode(line)
    return message


def from_child(line: bytes) -> FromChild:
    """Decode a child's message.

    Raises:
        ValueError: it is none.
    """
    message: FromChild = _from_child.decode(line)
    return message
