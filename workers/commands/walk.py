"""The files of a folder that a person would call its source: what git knows or would add, else all of them."""

from __future__ import annotations

import functools
import re
import subprocess
from collections.abc import Iterator

from workers.source.tree import SKIPPED, FolderTree, LeftOut

_SECONDS = 60
# The folder's own settings must not start a program, and git asks for nothing but a list: so whose folder it is, in a
# container of a CI system somebody else's, does not matter.
_SAFE = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.untrackedCache=false", "safe.directory=*")

# What git does not ignore below these names is a person's work (`build/package/Dockerfile`), no build.
_OFTEN_OWN = frozenset(("build", "target"))

# What Go, Composer and pip's `vendoring` write into a folder of committed dependencies: its name alone says little.
_VENDORED = ("/vendor/modules.txt", "/vendor/autoload.php", "/_vendor/vendor.txt")
# So does the number of a release below it.
_RELEASE = re.compile(r"(?:.*/)?_?vendor(?:ed)?/(?:[^/]+/)??v?\d+\.\d+[\w.-]*(?=/)")


class ListedTree(FolderTree):
    """A folder as it was when its files were first read; its ignored files are left out where it is a git checkout."""

    def paths(self) -> Iterator[str]:
        """See `SourceTree.paths`."""
        return iter(self._listing[0])

    @property
    def left_out(self) -> list[LeftOut]:
        """What a person could expect to be looked at and is not; what git ignores is not named."""
        return self._listing[1]

    def read(self, path: str) -> bytes:
        """See `SourceTree.read`. Once read, a file stays as it was: one text is fixed, verified and written."""
        if (content := self._seen.get(path)) is None:
            content = self._seen[path] = super().read(path)
        return content

    @functools.cached_property
    def above(self) -> str:
        """The folder's path from the root of its repository, with `/` behind it; empty at the root and outside of any.

        By it git finds what a patch names, wherever it is called, and a host of code what a report names.
        """
        found = self._git("rev-parse", "--show-prefix")
        return "" if found is None else found.decode("utf-8", "surrogateescape").removesuffix("\n")

    @functools.cached_property
    def _seen(self) -> dict[str, bytes]:
        return {}

    @functools.cached_property
    def _listing(self) -> tuple[list[str], list[LeftOut]]:
        listed = self._listed()
        entries = list(self.walk() if listed is None else map(self._entry, listed))
        paths = [entry for entry in entries if isinstance(entry, str) and entry]
        vendored = {
            path.rpartition("/")[0]: path.rpartition("/")[2] for path in paths if f"/{path}".endswith(_VENDORED)
        }
        releases = {found[0] for path in paths if (found := _RELEASE.match(path))}
        folders = tuple(f"{folder}/" for folder in (*vendored, *releases))
        own = [path for path in paths if not path.startswith(folders)]
        others = {LeftOut(folder, f"holds dependencies: {name} is their list") for folder, name in vendored.items()}
        others |= {LeftOut(folder, "holds a release of another project, by its names") for folder in releases}
        return own, sorted({entry for entry in entries if isinstance(entry, LeftOut)} | others)

    def _entry(self, path: str) -> str | LeftOut:
        parts = path.split("/")
        if (
            skipped := next((index for index, part in enumerate(parts) if part in SKIPPED - _OFTEN_OWN), None)
        ) is not None:
            folder = "/".join(parts[: skipped + 1])
            return LeftOut(folder, "holds dependencies, builds or caches by its name")
        why = self.why_not(path)
        return path if why is None else LeftOut(path, why) if why else ""

    def _listed(self) -> list[str] | None:
        found = self._git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        names = {name.decode("utf-8", "surrogateescape") for name in (found or b"").split(b"\0") if name}
        # An empty answer is also what git gives for a folder that a repository around it ignores. A folder in the
        # list, with a `/` at its end or without, is a repository of its own.
        return sorted({name.rstrip("/") for name in names}) or None

    def _git(self, *arguments: str) -> bytes | None:
        """What git says of the folder; none where it knows nothing of it."""
        options = [part for setting in _SAFE for part in ("-c", setting)]
        command = ["git", *options, "-C", str(self.root), *arguments]
        try:
            return subprocess.run(command, capture_output=True, check=True, timeout=_SECONDS).stdout
        except (OSError, subprocess.SubprocessError):
            return None
