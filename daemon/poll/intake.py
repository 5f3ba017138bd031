"""Takes what a person or a folder hands over: a zip, a report or a folder of them → stored artifacts.

Every artifact is kept as one zip under the SHA-256 of its bytes. A folder is packed the same way every
time, so the same folder twice is the same artifact.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec

from daemon.errors import ArtifactRejected
from daemon.poll.suffixes import REPORTS

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest time a zip can hold; a packed folder's bytes do not depend on when it was packed."""
_CHUNK = 1 << 20


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact as one zip, not yet in the storage."""

    name: str
    sha256: str
    size: int
    file: Path

    @property
    def key(self) -> str:
        """Where it belongs in the storage."""
        return f"artifacts/{self.sha256}.zip"


def artifacts_in(path: Path) -> list[Path]:
    """The artifacts at a path: itself, or, for a folder of artifact folders and zips, each of those.

    Raises:
        ArtifactRejected: there is nothing there.
    """
    if not path.exists():
        message = f"{path} does not exist: give an artifact's folder, zip or report"
        raise ArtifactRejected(message)
    if not path.is_dir():
        return [path]
    children = sorted(child for child in path.iterdir() if not child.name.startswith("."))
    if any(child.is_file() and child.suffix.lower() in REPORTS for child in children):
        return [path]
    batch = [child for child in children if child.is_dir() or child.suffix.lower() == ".zip"]
    return batch if len(batch) > 1 or any(child.suffix.lower() == ".zip" for child in batch) else [path]


@contextlib.contextmanager
def packed(path: Path, staging: Path, *, called: str | None = None) -> Iterator[Packed]:
    """An artifact's bytes as one zip in the staging folder, which is gone when the block ends.

    `called`: the name of the file at `path`, where it is not its own.

    Raises:
        ArtifactRejected: it cannot be read, or a folder holds nothing.
    """
    staging.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=staging, prefix="artifact-", suffix=".zip") as target:
        try:
            _write(path, called or path.name, target.file)
            target.flush()
            sha256, size = _measure(target.file)
        except OSError as error:
            message = f"{path} cannot be read: {error}"
            raise ArtifactRejected(message) from error
        yield Packed(name=_name(path), sha256=sha256, size=size, file=Path(target.name))


def _name(path: Path) -> str:
    resolved = path.resolve()
    return resolved.name if resolved.is_dir() else resolved.stem


def _write(path: Path, called: str, target: IO[bytes]) -> None:
    if called.lower().endswith(".zip") and path.is_file():
        with path.open("rb") as source:
            while chunk := source.read(_CHUNK):
                target.write(chunk)
        return
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, file in _files(path, called):
            with file.open("rb") as source, archive.open(zipfile.ZipInfo(name, _EPOCH), "w") as member:
                while chunk := source.read(_CHUNK):
                    member.write(chunk)


def _files(path: Path, called: str) -> Iterator[tuple[str, Path]]:
    """Name inside the artifact and file; links are left out, so that nothing outside is taken along."""
    if path.is_file():
        yield called, path
        return
    found = [file for file in sorted(path.rglob("*")) if file.is_file() and not file.is_symlink()]
    if not found:
        message = f"{path} holds no file: an artifact has at least one report"
        raise ArtifactRejected(message)
    for file in found:
        yield file.relative_to(path).as_posix(), file


def _measure(target: IO[bytes]) -> tuple[str, int]:
    target.seek(0)
    digest = hashlib.sha256()
    while chunk := target.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest(), target.tell()
