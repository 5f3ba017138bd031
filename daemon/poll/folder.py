"""Watches folders. consumes reports and zips that somebody drops there → produces artifacts with their analysis jobs.

The truth is a look at the folder; file-system events only say when to look. So events that come twice, or
never, or before a restart, change nothing. A file is taken when it has stood still for a moment and looks
whole; what was taken is known by its path and signature, in the transaction that records the artifact.
"""

from __future__ import annotations

import mmap
import re
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from daemon import events
from daemon.domain.artifact import ArtifactOrigin
from daemon.errors import Permanent, SecaidError, StoreUnavailable
from daemon.masking import mask
from daemon.poll.enqueue import Provenance, keep, record
from daemon.poll.suffixes import TAKEN
from daemon.storage import Storage
from daemon.store import cursors
from daemon.store.engine import Store

_STILL_SECONDS = 2.0
_HALF_SECONDS = 600.0
"""A file that looks cut off is waited for so long; then it is taken, and its analysis says what is wrong with it."""
_RETRY_SECONDS = 60.0
_TAIL_BYTES = 1 << 16
_JSON = frozenset({".json", ".sarif"})
_LINES = frozenset({".jsonl", ".csv"})
_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)")
_ZIP_END = b"PK\x05\x06"
_ZIP_END_BYTES = 22


class _Seen(msgspec.Struct, frozen=True):
    signature: str
    since: float
    """Seconds of a steady clock."""


class Folders:
    """The watched folders. `look` takes what is ready."""

    def __init__(
        self,
        store: Store,
        storage: Storage,
        staging: Path,
        folders: Sequence[str],
        *,
        most_bytes: int,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`most_bytes`: a larger file is refused. `steady`: seconds of a clock that nobody sets."""
        self._store = store
        self._storage = storage
        self._staging = staging
        self.folders = tuple(Path(folder).expanduser() for folder in folders)
        self._most = most_bytes
        self._steady = steady
        self.taken = 0
        """Files, so far."""
        self._changing: dict[Path, _Seen] = {}
        self._retry: dict[Path, float] = {}

    def look(self) -> float | None:
        """Take what is ready; seconds until something else may be, or None when only an event can tell.

        Raises:
            StoreUnavailable: nothing can be recorded now, and nothing is lost.
        """
        with self._store.read() as conn:
            known = cursors.seen(conn)
        waits: list[float] = []
        present: set[Path] = set()
        for path, signature in self._candidates():
            present.add(path)
            if known.get(str(path)) == signature:
                continue
            wait = self._wait(path, signature)
            if wait <= 0:
                wait = self._take(path, signature)
            if wait > 0:
                waits.append(wait)
        self._changing = {path: seen for path, seen in self._changing.items() if path in present}
        self._retry = {path: until for path, until in self._retry.items() if path in present}
        return min(waits, default=None)

    def _candidates(self) -> Iterator[tuple[Path, str]]:
        """Files that may be reports or zips, with what tells one version of a file from the next."""
        for folder in self.folders:
            try:
                children = sorted(folder.iterdir())
            except OSError as error:
                events.emit("folder.unreadable", level="warning", folder=str(folder), reason=str(error))
                continue
            for child in children:
                if child.name.startswith(".") or child.suffix.lower() not in TAKEN:
                    continue
                if (signature := _signature(child)) is not None:
                    yield child, signature

    def _wait(self, path: Path, signature: str) -> float:
        """Seconds until this file counts as complete."""
        now = self._steady()
        seen = self._changing.get(path)
        if seen is None or seen.signature != signature:
            self._changing[path] = _Seen(signature, now)
            self._retry.pop(path, None)
            return _STILL_SECONDS
        if (retry := self._retry.get(path, 0.0) - now) > 0:
            return retry
        still = now - seen.since
        if still < _STILL_SECONDS:
            return _STILL_SECONDS - still
        return 0.0 if _looks_whole(path) else max(0.0, min(_HALF_SECONDS - still, _RETRY_SECONDS))

    def _take(self, path: Path, signature: str) -> float:
        """Record it, or that it is refused; seconds until the next attempt where it was neither."""
        try:
            self._ingest(path, signature)
        except StoreUnavailable:
            raise
        except Permanent as error:
            reason = mask(str(error))
            with self._store.begin() as conn:
                cursors.see(conn, str(path), signature, at=time.time(), refused=reason)
            events.emit("folder.refused", level="warning", path=str(path), reason=reason)
        except SecaidError as error:
            self._retry[path] = self._steady() + _RETRY_SECONDS
            events.emit("folder.delayed", level="warning", path=str(path), reason=str(error))
            return _RETRY_SECONDS
        return _STILL_SECONDS if _signature(path) not in {signature, None} else 0.0

    def _ingest(self, path: Path, signature: str) -> None:
        size = int(signature.partition(":")[0])
        if size > self._most:
            message = f"it has {size} bytes; the limit is {self._most} (limits.archive_bytes)"
            raise Permanent(message)
        kept = keep(self._storage, self._staging, path)
        if _signature(path) != signature:
            return  # somebody wrote to it meanwhile: it is looked at again
        with self._store.begin() as conn:
            if cursors.seen(conn).get(str(path)) == signature:
                return
            ingested = record(conn, kept, Provenance(origin=ArtifactOrigin.FOLDER))
            cursors.see(conn, str(path), signature, at=time.time())
        self.taken += 1
        events.emit("folder.taken", path=str(path), artifact=ingested.artifact_id, new=ingested.new)


def _signature(path: Path) -> str | None:
    """None for what is not a regular file, links among them."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ino}" if stat.S_ISREG(found.st_mode) else None


def _looks_whole(path: Path) -> bool:
    """Whether a file is complete, as far as its format tells; of a report, its whole structure is looked at."""
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as file:
            if suffix in _JSON:
                return _is_json(file)
            size = file.seek(0, 2)
            head = _read(file, 0)
            tail = _read(file, max(0, size - _TAIL_BYTES - _ZIP_END_BYTES))
    except (OSError, ValueError):
        return False
    if suffix == ".zip":
        # The record that ends a zip, and the comment whose length it tells.
        record = tail[tail.rfind(_ZIP_END) :] if _ZIP_END in tail else b""
        return len(record) >= _ZIP_END_BYTES + int.from_bytes(record[_ZIP_END_BYTES - 2 : _ZIP_END_BYTES], "little")
    if suffix == ".xml" and (root := _ROOT.search(head)):
        # Its root is closed, or there is nothing else: `<testsuites/>`.
        alone = len(_ROOT.findall(head)) == 1 and head.rstrip().endswith(b"/>")
        return alone or re.search(rb"</" + re.escape(root[1]) + rb"\s*>", tail) is not None
    return tail.endswith(b"\n") if suffix in _LINES else True


def _is_json(file: BinaryIO) -> bool:
    """Mapped, so that a large report does not become this process' memory."""
    if not file.read(1):
        return False
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content[:3].startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
            return content[-64:].replace(b"\0", b"").rstrip().endswith((b"}", b"]"))
        try:
            msgspec.json.decode(content, type=msgspec.Raw)
        except msgspec.DecodeError:
            return _is_json_lines(content[:_TAIL_BYTES], content[-_TAIL_BYTES:])
    return True


def _is_json_lines(head: bytes, tail: bytes) -> bool:
    """Whether the first and the last line are documents of their own."""
    try:
        for line in (head.partition(b"\n")[0], tail.rstrip().rpartition(b"\n")[2]):
            msgspec.json.decode(line, type=msgspec.Raw)
    except msgspec.DecodeError:
        return False
    return b"\n" in tail.rstrip()


def _read(file: BinaryIO, start: int) -> bytes:
    file.seek(start)
    return file.read(_TAIL_BYTES + _ZIP_END_BYTES)
