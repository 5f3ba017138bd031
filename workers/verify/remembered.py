"""Scanners' answers that outlive a run: looking again at what did not change, or applying what was shown, costs little.

An answer hangs on the scanner's version, the file's path and bytes, and secaid's own way of asking and reading. Kept is
only what holds no credential and did not fail; that a file could not be read, or not in time, is believed for an hour.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from daemon.masking import mask_all
from workers.verify.answers import FileScan

KEPT_DAYS = 30
"""An answer that nobody asked for in so long is forgotten."""
_HOUR, _DAY = 3600, 86_400
_CODE = ("parsers", "verify", "verify/scanners")


class RememberedScans:
    """A folder of answers, each in a file of its own; see `answers.Cache`. What it does not keep, this process does."""

    def __init__(self, place: Path) -> None:
        self._place = place / _code()
        self._writable = _prepared(place, self._place)
        self._now = time.time()
        self._own: dict[str, FileScan] = {}

    def get(self, key: str) -> FileScan | None:
        """See `Cache.get`."""
        if key in self._own:
            return self._own[key]
        path = self._path(key)
        try:
            scan = msgspec.msgpack.decode(path.read_bytes(), type=FileScan)
            age = self._now - path.stat().st_mtime
            if age > _HOUR and not (scan.read or scan.left_out):
                return None
            if age > _DAY:
                os.utime(path)
        except (OSError, msgspec.MsgspecError):
            return None
        return scan

    def put(self, key: str, scan: FileScan) -> None:
        """See `Cache.put`."""
        if not self._writable or scan.failed or _holds_secret(scan):
            self._own[key] = scan
            return
        path = self._path(key)
        aside = path.with_suffix(f".{os.getpid()}")
        try:
            path.parent.mkdir(exist_ok=True)
            aside.write_bytes(msgspec.msgpack.encode(scan))
            aside.replace(path)
        except OSError:  # A full disk, a folder that was taken away: the next run asks again.
            self._own[key] = scan

    def _path(self, key: str) -> Path:
        return self._place / key[:2] / key[2:]


def _prepared(place: Path, own: Path) -> bool:
    """Make the folder, for nobody else to read, and tidy it once a day."""
    try:
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.chmod(0o700)
        stamp = place / "tidied"
        if not stamp.exists() or time.time() - stamp.stat().st_mtime > _DAY:
            stamp.touch()
            _tidy(place, time.time() - KEPT_DAYS * _DAY)
    except OSError:
        return False
    return True


def _tidy(place: Path, oldest: float) -> None:
    for file in place.glob("*/*/*"):
        with contextlib.suppress(OSError):
            if file.stat().st_mtime < oldest:
                file.unlink()


def _holds_secret(scan: FileScan) -> bool:
    found: list[Any] = [msgspec.to_builtins(one) for one in scan.findings]
    # More thorough than what is shown: what is not kept only has to be asked for again.
    return any(mask_all(text) != text for text in _texts(found))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


@functools.cache
def _code() -> str:
    """What secaid's own questions and readings hang on: another release may read the same report otherwise."""
    digest = hashlib.sha256()
    workers = Path(__file__).parent.parent
    for file in sorted(file for folder in _CODE for file in (workers / folder).glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]
