"""The tree of one commit, read from a repository's objects; never from its working tree."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from daemon.errors import SourceUnavailable
from workers.source.tree import MAX_FILE_BYTES, SKIPPED, safe_path

_TIMEOUT_SECONDS = 120
_CACHED_FILES = 64
_REVISION = re.compile(r"[0-9a-fA-F]{4,64}\Z")
_SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never")
"""A repository is hostile input too: none of its settings may start a program."""


class CommitTree:
    """The files of one commit. Links and submodules are left out."""

    def __init__(self, repository: Path, commit: str, *, environment: Mapping[str, str] | None = None) -> None:
        """Open `commit` (a full or abbreviated SHA) of a checkout or bare repository. `environment`: git's, which
        lets it fetch what a partial mirror lacks; this process' by default.

        Raises:
            SourceUnavailable: there is no such repository, or it lacks the commit.
        """
        if not _REVISION.match(commit):
            message = f"{commit!r} is not a commit's SHA"
            raise SourceUnavailable(message)
        self._repository = repository
        self._environment = environment
        self.commit = self._resolve(commit)
        self._read = functools.lru_cache(maxsize=_CACHED_FILES)(self._blob)

    def read(self, path: str) -> bytes:
        """See `SourceTree.read`."""
        return self._read(str(safe_path(path)))

    def paths(self) -> Iterator[str]:
        """See `SourceTree.paths`."""
        return iter(sorted(path for path in self._entries if SKIPPED.isdisjoint(path.split("/"))))

    def renames(self, since: str) -> dict[str, str]:
        """New path → old path of the files that were renamed between the commit `since` and this one.

        A partial mirror finds those that were renamed without a change: nothing is downloaded for this.

        Raises:
            SourceUnavailable: the repository lacks `since`.
        """
        before = self._resolve(since)
        for similarity in ("-M", "-M100%"):
            arguments = ("diff-tree", "-r", "-z", "--name-status", similarity, "--diff-filter=R", before, self.commit)
            with contextlib.suppress(SourceUnavailable):
                names = self._git(*arguments, lazy=False).decode("utf-8", "surrogateescape").split("\0")
                # A status (`R097`), the old path, the new one.
                return dict(zip(names[2::3], names[1::3], strict=False))
        return {}

    @functools.cached_property
    def _entries(self) -> dict[str, str]:
        """Path → object id of every regular file. Sizes are not asked for: a partial mirror would fetch every blob."""
        listing = self._git("ls-tree", "-r", "-z", "--full-tree", self.commit)
        entries = {}
        for record in listing.split(b"\0"):
            meta, _, name = record.partition(b"\t")
            if meta.startswith(b"100"):
                entries[name.decode("utf-8", "surrogateescape")] = meta.split()[2].decode()
        return entries

    def _blob(self, path: str) -> bytes:
        blob = self._entries.get(path)
        if blob is None or int(self._git("cat-file", "-s", blob)) > MAX_FILE_BYTES:
            message = f"{path} is not a regular file of commit {self.commit[:12]}"
            raise SourceUnavailable(message)
        return self._git("cat-file", "blob", blob)

    def _resolve(self, commit: str) -> str:
        try:
            return self._git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}").decode().strip()
        except SourceUnavailable as error:
            message = f"commit {commit} is not in {self._repository}: fetch it there, or give another --source"
            raise SourceUnavailable(message) from error

    def _git(self, *arguments: str, lazy: bool = True) -> bytes:
        """What git prints. `lazy`: a partial mirror may fetch the objects that it lacks."""
        command = ["git", *_SAFE, "-C", str(self._repository), *arguments]
        environment = self._environment if lazy else {**(self._environment or os.environ), "GIT_NO_LAZY_FETCH": "1"}
        try:
            done = subprocess.run(command, capture_output=True, check=True, timeout=_TIMEOUT_SECONDS, env=environment)
        except FileNotFoundError as error:
            message = "git is not installed: install it to read the scanned commit"
            raise SourceUnavailable(message) from error
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            message = f"git could not read {self._repository}: {_said(error)}"
            raise SourceUnavailable(message) from error
        return done.stdout


def _said(error: subprocess.SubprocessError) -> str:
    said: bytes | str | None = getattr(error, "stderr", None)
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else (said or "")
    return text.strip().splitlines()[-1] if text.strip() else str(error)
