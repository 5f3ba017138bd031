"""Where artifacts and models are kept: a local folder, or any file system that fsspec knows, shared by machines.

A key is a relative path with `/`. A file appears under its key whole or not at all: it is written aside,
synced to the disk, and renamed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from daemon.errors import Unavailable

_ASIDE = ".incoming"


class StorageUnavailable(Unavailable):
    """The storage is full, cannot be reached, or lacks the file."""


class Storage(Protocol):
    """Files by key."""

    def put(self, key: str, source: Path) -> None:
        """Store a copy of a local file or folder under `key`, in place of what was there."""

    def fetch(self, key: str, folder: Path) -> Path:
        """A local file or folder with the content of `key`; below `folder` where it had to be copied.

        Raises:
            StorageUnavailable: there is no such key, or it cannot be read now.
        """

    def exists(self, key: str) -> bool:
        """Whether there is something under `key`."""

    def delete(self, key: str) -> None:
        """Remove what is under `key`, if anything is."""


def open_storage(url: str, default: Path) -> Storage:
    """The storage that the settings name: an fsspec URL, a folder, or `default` where it is empty."""
    if "://" not in url:
        return FolderStorage(Path(url).expanduser() if url else default)
    protocol, _, rest = url.partition("://")
    return FolderStorage(Path(rest)) if protocol == "file" else SharedStorage(url)


class FolderStorage:
    """A local folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, source: Path) -> None:
        """Copy aside, sync, rename.

        Raises:
            StorageUnavailable: the disk is full or the folder cannot be written; nothing changed.
        """
        target = self.path(key)
        with _explained(f"{target} cannot be written"), self._aside() as aside:
            if source.is_dir():
                shutil.copytree(source, aside)
            else:
                shutil.copyfile(source, aside)
            sync_tree(aside)
            target.parent.mkdir(parents=True, exist_ok=True)
            replace(aside, target)

    def fetch(self, key: str, folder: Path) -> Path:  # noqa: ARG002 - nothing needs to be copied here
        """The very file.

        Raises:
            StorageUnavailable: there is none.
        """
        path = self.path(key)
        if not path.exists():
            message = f"{key} is not in {self.root}"
            raise StorageUnavailable(message)
        return path

    def exists(self, key: str) -> bool:
        """Whether it is there."""
        return self.path(key).exists()

    def delete(self, key: str) -> None:
        """Remove it."""
        _remove(self.path(key))

    def path(self, key: str) -> Path:
        """Where `key` lies or would lie.

        Raises:
            ValueError: the key leads out of the storage.
        """
        return self.root / _checked(key)

    @contextlib.contextmanager
    def _aside(self) -> Iterator[Path]:
        folder = self.root / _ASIDE
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / uuid.uuid4().hex
        try:
            yield aside
        finally:
            _remove(aside)


class SharedStorage:
    """A file system behind an fsspec URL (`s3://bucket/prefix`, `sftp://…`, `memory://…`)."""

    def __init__(self, url: str) -> None:
        # A quarter of a second of imports that a local installation never needs.
        import fsspec

        self._files: Any
        self._root: str
        self._files, self._root = fsspec.core.url_to_fs(url)

    def put(self, key: str, source: Path) -> None:
        """Upload aside, then move.

        Raises:
            StorageUnavailable: it cannot be written now.
        """
        target = self._path(key)
        aside = f"{self._root}/{_ASIDE}/{uuid.uuid4().hex}"
        with _explained(f"{key} cannot be stored", Exception):
            self._files.makedirs(aside.rpartition("/")[0], exist_ok=True)
            self._files.put(str(source), aside, recursive=source.is_dir())
            self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            self.delete(key)
            self._files.mv(aside, target, recursive=source.is_dir())

    def fetch(self, key: str, folder: Path) -> Path:
        """A copy below `folder`; an earlier whole copy is used again.

        Raises:
            StorageUnavailable: there is none, or it cannot be read now.
        """
        local = folder / _checked(key)
        if local.exists():
            return local
        remote = self._path(key)
        aside = local.with_name(f"{local.name}.{uuid.uuid4().hex}")
        with _explained(f"{key} cannot be fetched", Exception):
            try:
                local.parent.mkdir(parents=True, exist_ok=True)
                self._files.get(remote, str(aside), recursive=self._files.isdir(remote))
                replace(aside, local)
            finally:
                _remove(aside)
        return local

    def exists(self, key: str) -> bool:
        """Whether it is there.

        Raises:
            StorageUnavailable: that cannot be known now.
        """
        remote = self._path(key)
        with _explained(f"{key} cannot be looked up", Exception):
            return bool(self._files.exists(remote))

    def delete(self, key: str) -> None:
        """Remove it."""
        remote = self._path(key)
        with _explained(f"{key} cannot be deleted", Exception), contextlib.suppress(FileNotFoundError):
            self._files.rm(remote, recursive=True)

    def _path(self, key: str) -> str:
        return f"{self._root}/{_checked(key)}"


def write(path: Path, content: bytes) -> None:
    """Write a local file so that it is there whole or not at all, whatever happens in between.

    Raises:
        StorageUnavailable: the disk is full or the folder cannot be written; nothing changed.
    """
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with _explained(f"{path} cannot be written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            aside.write_bytes(content)
            sync_tree(aside)
            replace(aside, path)
        finally:
            _remove(aside)


def sync_tree(path: Path) -> None:
    """Make sure that a file, or all files of a folder, are on the disk."""
    files = [path] if path.is_file() else [*path.rglob("*"), path]
    for file in files:
        _sync(file)


def replace(source: Path, target: Path) -> None:
    """Rename onto `target`, folders too, and make the rename durable."""
    if target.is_dir():
        # A folder cannot be renamed onto another: the old one steps aside first.
        old = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        target.rename(old)
        source.rename(target)
        _remove(old)
    else:
        source.replace(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _checked(key: str) -> str:
    parts = PurePosixPath(key).parts
    if not parts or key.startswith("/") or ".." in parts or parts[0] == _ASIDE:
        message = f"{key!r} is no key: it must be a relative path inside the storage"
        raise ValueError(message)
    return str(PurePosixPath(*parts))


@contextlib.contextmanager
def _explained(what: str, failures: type[Exception] = OSError) -> Iterator[None]:
    """`failures`: a file system behind fsspec raises what its own library does."""
    try:
        yield
    except StorageUnavailable:
        raise
    except failures as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        message = f"{what}: {why}; free some space or check the connection, then it goes on"
        raise StorageUnavailable(message) from error
