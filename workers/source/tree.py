"""A tree of source files at one commit: a folder, a commit of a repository, or bytes in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Protocol

from daemon.errors import SourceUnavailable

MAX_FILE_BYTES = 4 * 2**20
"""A source file larger than this is data, not code."""
SKIPPED = frozenset(
    (
        ".git",
        "node_modules",
        ".venv",
        "venv",
        "__pycache__",
        ".tox",
        ".mypy_cache",
        ".gradle",
        "dist",
        "build",
        "target",
    )
)
"""Folders that hold dependencies, builds and caches, not the project's own source."""


class SourceTree(Protocol):
    """Read access to the files of one commit. Paths are relative, with `/`."""

    def read(self, path: str) -> bytes:
        """The file's bytes.

        Raises:
            SourceUnavailable: there is no such regular file in the tree, or it is over `MAX_FILE_BYTES`.
        """
        ...

    def paths(self) -> Iterator[str]:
        """Every regular file, sorted; dependencies' and build folders are left out.

        Raises:
            SourceUnavailable: the tree as a whole is not to be had.
        """
        ...


class MemoryTree:
    """Files held in memory; for tests and patched trees."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)

    def read(self, path: str) -> bytes:
        """See `SourceTree.read`."""
        try:
            return self._files[path]
        except KeyError:
            raise _missing(path) from None

    def paths(self) -> Iterator[str]:
        """See `SourceTree.paths`."""
        return iter(sorted(self._files))


class AbsentTree:
    """Stands in where the source is not to be had: it shows no file, and says why."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def read(self, path: str) -> bytes:
        """See `SourceTree.read`. The reason names no path: every finding of the artifact shares it."""
        del path
        raise SourceUnavailable(self._reason)

    def paths(self) -> Iterator[str]:
        """See `SourceTree.paths`. To say that there is no file would be an answer, and a wrong one."""
        raise SourceUnavailable(self._reason)


class FolderTree:
    """A folder as it lies on disk. Links are never followed."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def read(self, path: str) -> bytes:
        """See `SourceTree.read`."""
        file = self.root / safe_path(path)
        if any(part.is_symlink() for part in (file, *file.parents) if part.is_relative_to(self.root)):
            raise _missing(path)
        if not file.is_file() or file.stat().st_size > MAX_FILE_BYTES:
            raise _missing(path)
        return file.read_bytes()

    def paths(self) -> Iterator[str]:
        """See `SourceTree.paths`."""
        for folder, folders, files in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name not in SKIPPED)
            for name in sorted(files):
                file = Path(folder) / name
                if file.is_file() and not file.is_symlink():
                    yield file.relative_to(self.root).as_posix()


def safe_path(path: str) -> PurePosixPath:
    """The path, checked to stay inside its tree.

    Raises:
        SourceUnavailable: it is absolute, empty, or climbs out with `..`.
    """
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts or "\\" in path or "\0" in path or ":" in pure.parts[0]:
        message = f"{path!r} does not name a file inside the repository"
        raise SourceUnavailable(message)
    return pure


def _missing(path: str) -> SourceUnavailable:
    return SourceUnavailable(f"{path} is not a regular file of the scanned tree")
