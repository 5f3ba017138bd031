"""Reads what `daemon.events` wrote: every process' JSON lines, merged in the order of time, and followed.

A log file is not trusted: lines may be torn, endless, or no JSON; what they hold is data of strangers.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import heapq
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from daemon.masking import mask_all

LEVELS = ("debug", "info", "warning", "error", "critical")
_BLOCK = 64 * 1024
_LONGEST = 2**20
"""Bytes of one line; a longer one is no event, and is left out."""
_OWN = frozenset({"timestamp", "level", "event", "process"})


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One event."""

    at: float
    """Seconds since 1970, UTC."""
    process: str
    level: str
    event: str
    fields: dict[str, Any]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which events to show; None: all."""

    job: int | None = None
    kind: str | None = None
    level: str | None = None
    """This one and worse."""
    since: float | None = None

    def shows(self, line: Line) -> bool:
        """Whether a line passes."""
        return (
            (self.since is None or line.at >= self.since)
            and (self.level is None or _rank(line.level) >= _rank(self.level))
            and (self.job is None or line.fields.get("job") == self.job)
            and (self.kind is None or _is_of(line, self.kind))
        )


def recent(folder: Path, wanted: Wanted, most: int | None = None) -> list[Line]:
    """The newest `most` events that pass, oldest first."""
    with contextlib.closing(Follower(folder, wanted)) as follower:
        return follower.recent(most)


class Follower:
    """Reads what is there, then what comes, without a gap or a repetition between them."""

    def __init__(self, folder: Path, wanted: Wanted) -> None:
        self._folder = folder
        self._wanted = wanted
        self._files: dict[Path, _File] = {}
        self._open(at_end=True)

    def recent(self, most: int | None = None) -> list[Line]:
        """The newest events that pass and were there when this reader began, oldest first."""
        newest_first = heapq.merge(*(self._backwards(file) for file in self._files.values()), key=lambda line: -line.at)
        passing = (line for line in newest_first if self._wanted.shows(line))
        return list(itertools.islice(passing, most))[::-1]

    def new(self) -> list[Line]:
        """The events that came since the last call, oldest first."""
        found = [line for file in self._files.values() for line in file.new()]
        found += [line for file in self._open(at_end=False) for line in file.new()]
        return sorted((line for line in found if self._wanted.shows(line)), key=lambda line: line.at)

    def follow(self, wait: Callable[[], None]) -> Iterator[Line]:
        """Events as they come, for ever; `wait` is called between two looks."""
        while True:
            yield from self.new()
            wait()

    def close(self) -> None:
        """Close the files."""
        for file in self._files.values():
            file.close()

    def _backwards(self, file: _File) -> Iterator[Line]:
        since = self._wanted.since
        lines = file.backwards()
        return lines if since is None else itertools.takewhile(lambda line: line.at >= since, lines)

    def _open(self, *, at_end: bool) -> list[_File]:
        """Start to read the files of processes that are new."""
        begun = []
        for path in sorted(self._folder.glob("*.log")) if self._folder.is_dir() else []:
            if path not in self._files:
                with contextlib.suppress(OSError):
                    self._files[path] = file = _File(path, at_end=at_end)
                    begun.append(file)
        return begun


class _File:
    """One process' log through its rotations: `NAME.log`, and the older the greater the number behind it."""

    def __init__(self, path: Path, *, at_end: bool) -> None:
        self._path = path
        self._stream: BinaryIO = path.open("rb")
        self._begun_at = _end_of_whole_lines(self._stream) if at_end else 0
        self._stream.seek(self._begun_at)
        self._torn = b""

    def backwards(self) -> Iterator[Line]:
        """Every line up to where this reader began, newest first."""
        with self._path_again() as stream:
            yield from self._lines(_backwards(stream, self._begun_at), os.fstat(stream.fileno()).st_mtime)
        own = os.fstat(self._stream.fileno()).st_ino
        for path in self._rotated():
            with contextlib.suppress(OSError), path.open("rb") as stream:
                status = os.fstat(stream.fileno())
                if status.st_ino != own:
                    yield from self._lines(_backwards(stream, status.st_size), status.st_mtime)

    def new(self) -> list[Line]:
        """The whole lines that were added, in order, also across rotations."""
        found = self._read()
        for stream in self._successors():
            self._stream.close()
            self._stream, self._torn = stream, b""
            found += self._read()
        return found

    def close(self) -> None:
        self._stream.close()

    def _path_again(self) -> BinaryIO:
        """A second reader of the very same file, whatever it is called by now."""
        return os.fdopen(os.dup(self._stream.fileno()), "rb", buffering=0)

    def _read(self) -> list[Line]:
        status = os.fstat(self._stream.fileno())
        if status.st_size < self._stream.tell():
            # Cut off in place by somebody's tool.
            self._stream.seek(0)
        *whole, self._torn = (self._torn + self._stream.read()).split(b"\n")
        if len(self._torn) > _LONGEST:
            self._torn = b""
        return list(self._lines(iter(whole), status.st_mtime))

    def _successors(self) -> list[BinaryIO]:
        """The files begun since ours was renamed, oldest first."""
        own = os.fstat(self._stream.fileno()).st_ino
        newer: list[BinaryIO] = []
        for path in (self._path, *self._rotated()):
            try:
                stream = path.open("rb")
            except OSError:
                continue
            if os.fstat(stream.fileno()).st_ino == own:
                stream.close()
                break
            newer.insert(0, stream)
        return newer

    def _rotated(self) -> list[Path]:
        """Newest first."""
        found = [
            (int(path.suffix[1:]), path)
            for path in self._path.parent.glob(f"{self._path.name}.*")
            if path.suffix[1:].isdigit()
        ]
        return [path for _, path in sorted(found)]

    def _lines(self, raw: Iterator[bytes], written_at: float) -> Iterator[Line]:
        for one in raw:
            if one.strip() and len(one) <= _LONGEST:
                yield understand(one, self._path.stem, written_at)


def understand(raw: bytes, process: str, written_at: float) -> Line:
    """One line of a file. What is no event is shown as an error, at the time that the file was last written."""
    try:
        fields = msgspec.json.decode(raw, type=dict[str, Any])
        at = dt.datetime.fromisoformat(fields["timestamp"]).timestamp()
        level = fields["level"]
    except (msgspec.DecodeError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        text = str(mask_all(raw))
        return Line(at=written_at, process=process, level="error", event=text, fields={})
    return Line(
        at=at,
        process=str(fields.get("process", process)),
        level=level if level in LEVELS else "error",
        event=str(fields.get("event", "")),
        fields={key: value for key, value in fields.items() if key not in _OWN},
    )


def _backwards(stream: BinaryIO, end: int) -> Iterator[bytes]:
    """The lines before `end`, last first."""
    rest = b""
    while end > 0:
        start = max(0, end - _BLOCK)
        rest, *lines = (os.pread(stream.fileno(), end - start, start) + rest).split(b"\n")
        end = start
        yield from reversed(lines)
    yield rest


def _end_of_whole_lines(stream: BinaryIO) -> int:
    """Where the last line break is: a line that is being written is left to who follows."""
    end = os.fstat(stream.fileno()).st_size
    while end > 0:
        start = max(0, end - _BLOCK)
        found = os.pread(stream.fileno(), end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _rank(level: str) -> int:
    return LEVELS.index(level)


def _is_of(line: Line, kind: str) -> bool:
    return line.fields.get("kind") == kind or kind in line.process.split("-")
