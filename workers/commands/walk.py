"""The files of a folder that a person would call its source: what git knows or would add, else all of them."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Iterator

from daemon.errors import SourceUnavailable
from workers.source.tree import SKIPPED, FolderTree

_SECONDS = 60
# The folder's own settings must not start a program.
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.untrackedCache=false")


class ListedTree(FolderTree):
    """A folder whose ignored files are left out where it is a git checkout."""

    def paths(self) -> Iterator[str]:
        """See `SourceTree.paths`."""
        return iter(self._paths)

    @functools.cached_property
    def _paths(self) -> list[str]:
        listed = self._listed()
        if listed is None:
            return list(super().paths())
        return [path for path in listed if SKIPPED.isdisjoint(path.split("/")) and self._regular(path)]

    def _listed(self) -> list[str] | None:
        command = ["git", *_SAFE, "-C", str(self.root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        try:
            done = subprocess.run(command, capture_output=True, check=True, timeout=_SECONDS)
        except (OSError, subprocess.SubprocessError):
            return None
        names = {name.decode("utf-8", "surrogateescape") for name in done.stdout.split(b"\0") if name}
        # An empty answer is also what git gives for a folder that a repository around it ignores.
        return sorted(names) or None

    def _regular(self, path: str) -> bool:
        try:
            file = self.root / path
            return file.is_file() and not file.is_symlink()
        except (OSError, SourceUnavailable):
            return False
