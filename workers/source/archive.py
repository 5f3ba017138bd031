"""Reads an artifact's archive: hostile zip → its files, one at a time, in memory.

Nothing is written to disk, so a member's name can never become a path. Every bound is measured on the
bytes that really come out, because sizes in a zip's directory are claims.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from daemon.errors import ArtifactRejected
from daemon.settings import Limits

_CHUNK = 64 * 1024
_RATIO_FLOOR = 1 << 20
"""Below this many bytes out, a high ratio is just a small repetitive file."""
_SYMLINK = 0o120000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
"""LZMA's decoder takes the memory that the archive asks for, and fails by an error of its own."""


class Member(msgspec.Struct, frozen=True):
    """One file of an archive: its name inside, and its bytes."""

    path: str
    content: bytes


def members(archive: Path, limits: Limits, name: str | None = None) -> Iterator[Member]:
    """Yield the files of a zip in the order of its directory; folders are skipped. Errors call it by `name`.

    Raises:
        ArtifactRejected: not a zip, truncated, encrypted, packed by a rare method, a path that leaves the archive,
            a link, a duplicate name, no file at all, or over a bound in `limits` (files, bytes, bytes of one file,
            ratio).
    """
    called = name or archive.name
    try:
        with zipfile.ZipFile(archive) as opened:
            yield from _members(opened, called, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        message = f"{called} is not a sound zip archive: {error}"
        raise ArtifactRejected(message) from error


def _members(opened: zipfile.ZipFile, name: str, limits: Limits) -> Iterator[Member]:
    # `is_dir` of Python before 3.12 fails on an empty name.
    entries = [entry for entry in opened.infolist() if not entry.filename.endswith("/")]
    if not entries:
        message = f"{name} holds no file: a scanner that found nothing still writes a report"
        raise ArtifactRejected(message)
    if len(entries) > limits.archive_files:
        message = f"{name} holds {len(entries)} files; the limit is {limits.archive_files} (limits.archive_files)"
        raise ArtifactRejected(message)
    seen: set[str] = set()
    left = limits.archive_bytes
    for entry in entries:
        path = _checked(entry, name)
        if path in seen:
            message = f"{name} holds {path!r} twice"
            raise ArtifactRejected(message)
        seen.add(path)
        content = _read(opened, entry, min(left, limits.report_bytes), limits.archive_ratio)
        left -= len(content)
        yield Member(path, content)


def _checked(entry: zipfile.ZipInfo, archive: str) -> str:
    """The member's name, if it stays inside."""
    pure = PurePosixPath(entry.filename)
    climbs = (
        not pure.parts or pure.is_absolute() or ".." in pure.parts or "\\" in entry.filename or ":" in pure.parts[0]
    )
    if climbs or any(ord(char) < 32 for char in entry.filename):
        message = f"{archive} names {entry.filename!r}, which is outside of the archive"
        raise ArtifactRejected(message)
    if entry.compress_type not in _METHODS:
        message = f"{archive} packs {entry.filename!r} by method {entry.compress_type}: pack it with deflate"
        raise ArtifactRejected(message)
    if (entry.external_attr >> 16) & 0o170000 == _SYMLINK:
        message = f"{archive} holds the link {entry.filename!r}; links are not followed"
        raise ArtifactRejected(message)
    return str(pure)


def _read(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, bound: int, ratio: int) -> bytes:
    allowed = max(_RATIO_FLOOR, entry.compress_size * ratio)
    parts: list[bytes] = []
    size = 0
    with opened.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > bound:
                message = f"{entry.filename!r} is over the limit of {bound} bytes (limits.report_bytes, archive_bytes)"
                raise ArtifactRejected(message)
            if size > allowed:
                message = f"{entry.filename!r} unpacks to over {ratio} times its size (limits.archive_ratio)"
                raise ArtifactRejected(message)
            parts.append(chunk)
    return b"".join(parts)
