"""A tree of source files at one commit: a folder, a commit of a repository, or bytes in memory."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Protocol

import msgspec

from daemon.errors import SourceUnavailable

MAX_FILE_BYTES = 4 * 2**20
"""A source file larger than this is data, not code."""
_PACKAGE = re.compile(r"((?:^|/)src/(?:main|commonMain|jvmMain|androidMain)/(?:java|kotlin|scala|groovy)/).+/")
SKIPPED = frozenset(
    (
        ".git",
        "node_modules",
        "bower_components",
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


class LeftOut(msgspec.Struct, frozen=True, order=True):
    """A place in a tree that nobody looks at, and why: `path` followed by `reason` is a sentence."""

    path: str
    reason: str


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


def has(tree: SourceTree, path: str) -> bool:
    """Whether the tree has a file there that can be read."""
    try:
        tree.read(path)
    except SourceUnavailable:
        return False
    return True


def text_of(tree: SourceTree, path: str) -> str:
    """A file's text, with marks where it is no UTF-8; empty where it cannot be read."""
    try:
        return tree.read(path).decode("utf-8", "replace")
    except SourceUnavailable:
        return ""


def folders_up(folder: str) -> Iterator[str]:
    """A folder and those around it, up to the tree's own, which is the empty text."""
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
    yield ""


def outside_packages(path: str) -> str:
    """A path without the folders of a package: `com/example/` is what programs are called by, and no example."""
    return _PACKAGE.sub(r"\1", path)


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
        try:
            if any(part.is_symlink() for part in (file, *file.parents) if part.is_relative_to(self.root)):
                raise _missing(path)
            if not file.is_file():
                raise _missing(path)
            if file.stat().st_size > MAX_FILE_BYTES:
                message = f"{path} is over {MAX_FILE_BYTES >> 20} MiB: data rather than code"
                raise SourceUnavailable(message)
            return file.read_bytes()
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror or error}"
            raise SourceUnavailable(message) from error

    def paths(self) -> Iterator[str]:
        """See `SourceTree.paths`."""
        return (entry for entry in self.walk() if isinstance(entry, str))

    def walk(self) -> Iterator[str | LeftOut]:
        """Every regular file's path, sorted, and among them what is left out."""
        broken: list[OSError] = []
        for folder, folders, files in os.walk(self.root, onerror=broken.append):
            here = Path(folder).relative_to(self.root)
            for name in [name for name in sorted(folders) if name in SKIPPED]:
                if name != ".git":
                    yield LeftOut((here / name).as_posix(), "holds dependencies, builds or caches by its name")
            folders[:] = sorted(name for name in folders if name not in SKIPPED)
            links = [name for name in folders if Path(folder, name).is_symlink()]
            for name in sorted((*files, *links)):
                path = (here / name).as_posix()
                why = self.why_not(path)
                if why is None:
                    yield path
                elif why:
                    yield LeftOut(path, why)
        for error in broken:
            place = Path(os.fsdecode(error.filename)).relative_to(self.root)
            yield LeftOut(place.as_posix(), f"cannot be read: {error.strerror}")

    def why_not(self, path: str) -> str | None:
        """Why a listed path is not read as a file; none where it is one, empty where nothing is there."""
        try:
            mode = (self.root / path).lstat().st_mode
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        if stat.S_ISREG(mode):
            return None
        if stat.S_ISDIR(mode):
            return "is a repository of its own: run `secaid fix` there"
        return "is a link, and links are not followed" if stat.S_ISLNK(mode) else "is no regular file"


def safe_path(path: str) -> PurePosixPath:
    """The path, checked to stay inside its tree.

    Raises:
        SourceUnavailable: it is absolute, empty, climbs out with `..`, or means another place on Windows.
    """
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts or "\0" in path:
        message = f"{path!r} does not name a file inside the repository"
        raise SourceUnavailable(message)
    if "\\" in path or ":" in pure.parts[0]:
        message = f"{path} has a backslash or a colon in its name, which means another place on other systems"
        raise SourceUnavailable(message)
    return pure


def _missing(path: str) -> SourceUnavailable:
    return SourceUnavailable(f"{path} is not a regular file of the scanned tree")
