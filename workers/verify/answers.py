"""What is asked of a scanner (a file, with what lies beside it), what it answers, and where answers are kept."""

from __future__ import annotations

import functools
import hashlib
from typing import Protocol

import msgspec

from daemon.domain.finding import Finding
from workers.verify.scanner import Tool


class Unit(msgspec.Struct, frozen=True, dict=True):
    """One file to look at, with the files that must lie beside it."""

    path: str
    content: bytes
    beside: tuple[tuple[str, bytes], ...] = ()

    @functools.cached_property
    def files(self) -> frozenset[tuple[str, bytes]]:
        """The file and what lies beside it: units of which this is the same are looked at in one place."""
        return frozenset(((self.path, self.content), *self.beside))

    def key(self, tool: Tool) -> str:
        """What a scanner's answer depends on: the scanner, its version, the path and all bytes."""
        digest = hashlib.sha256(f"1\0{tool.name}\0{tool.version}".encode())
        for path, content in ((self.path, self.content), *self.beside):
            digest.update(b"\0".join((path.encode("utf-8", "surrogateescape"), str(len(content)).encode(), content)))
        return digest.hexdigest()


class FileScan(msgspec.Struct, frozen=True, kw_only=True):
    """What one scanner said about one file."""

    scanner: str
    version: str
    findings: tuple[Finding, ...] = ()
    read: bool = False
    """Whether the run proves that the file was read."""
    errors: tuple[str, ...] = ()
    failed: bool = False
    """Whether the scanner itself failed on it, and said nothing of the file."""
    left_out: bool = False
    """Whether the scanner leaves such a file out by rules of its own, whenever it is asked."""


class Cache(Protocol):
    """Answers by content, so that nothing is scanned twice."""

    def get(self, key: str) -> FileScan | None:
        """The stored answer, if there is one."""
        ...

    def put(self, key: str, scan: FileScan) -> None:
        """Store an answer."""
        ...


class MemoryCache:
    """Answers for as long as this process lives."""

    def __init__(self) -> None:
        self._scans: dict[str, FileScan] = {}

    def get(self, key: str) -> FileScan | None:
        """See `Cache.get`."""
        return self._scans.get(key)

    def put(self, key: str, scan: FileScan) -> None:
        """See `Cache.put`."""
        self._scans[key] = scan
