"""What `secaid pins` asks of a host: what refs of repositories are, and the workflows in them that are called.

Nothing of what comes is run; what is asked is bounded in number, time and size.
"""

from __future__ import annotations

import concurrent.futures
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from daemon.errors import SecaidError, SourceUnavailable
from daemon.mirrors import Mirrors, blob_access
from daemon.refs import Refs, read_refs
from daemon.settings import Repository
from workers.source import called
from workers.source.called import Call
from workers.source.git import CommitTree

_AT_ONCE = 8
_SECONDS = 60.0
_MAX_DEPTH = 4
"""So deep are calls of calls followed."""
_MAX_CALLS = 200
_MAX_BYTES = 128 * 2**10
_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


class Host:
    """One host, and what it has answered so far."""

    def __init__(self, base_url: str, api_url: str, token: str | None) -> None:
        self._base_url, self._api_url, self._token = base_url, api_url, token
        self.refs: dict[str, Refs] = {}
        self.workflows: defaultdict[str, dict[str, dict[str, str]]] = defaultdict(dict)
        """Repository → commit → path → text."""
        self.failed: dict[str, str] = {}

    def ask(self, names: Iterable[str]) -> None:
        """The refs of repositories."""
        new = sorted(set(names) - self.refs.keys() - self.failed.keys())
        self.refs |= self._each(new, lambda name: read_refs(self._base_url, name, self._token))

    def follow(self, calls: Iterable[Call]) -> set[Call]:
        """The workflows that are called, and those that they call in turn; all calls that there are."""
        seen: set[Call] = set()
        wanted = set(calls)
        with tempfile.TemporaryDirectory(prefix="secaid-pins-") as folder:
            for _ in range(_MAX_DEPTH):
                wanted = set(sorted(wanted - seen)[: _MAX_CALLS - len(seen)])
                seen |= wanted
                self.ask(call.repository for call in wanted)
                wanted = self._read(Path(folder), wanted)
        return seen

    def _read(self, folder: Path, calls: Iterable[Call]) -> set[Call]:
        """Reads workflows, one fetch for each commit; what they call."""
        at: defaultdict[tuple[str, str], set[Call]] = defaultdict(set)
        for call in calls:
            refs = self.refs.get(call.repository)
            if refs is None:
                continue
            commit = call.commit or refs.tags.get(call.ref) or refs.branches.get(call.ref)
            if commit:
                at[call.repository, commit].add(call)
            else:
                self.failed[str(call)] = "there is no such tag or branch"
        below: set[Call] = set()
        for (name, commit), texts in self._each(at, lambda where: self._texts(folder, *where, at[where])).items():
            self.workflows[name].setdefault(commit, {}).update(texts)
            for path, text in texts.items():
                below |= called.of_text(text, Call(name, path, commit))
        return below

    def _texts(self, folder: Path, name: str, commit: str, calls: Iterable[Call]) -> dict[str, str]:
        place = folder / commit
        mirrors = Mirrors(place, self._api_url, token=lambda: self._token, base_url=self._base_url, seconds=_SECONDS)
        mirrors.find(Repository(name=name), commit)
        mirror = place / f"{name}.git"
        tree = CommitTree(mirror, commit, environment=blob_access(mirror))
        texts: dict[str, str] = {}
        for call in calls:
            try:
                content = tree.read(call.path)
            except SourceUnavailable as error:
                self.failed[str(call)] = str(error)
                continue
            if len(content) > _MAX_BYTES:
                self.failed[str(call)] = "it is too large for a workflow"
            else:
                texts[call.path] = content.decode("utf-8", "replace")
        return texts

    def _each(self, asked: Iterable[_Asked], answer: Callable[[_Asked], _Answer]) -> dict[_Asked, _Answer]:
        """The answers; why there is none goes to `failed`."""
        answers: dict[_Asked, _Answer] = {}
        with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
            futures = {one: pool.submit(answer, one) for one in asked}
            for one, future in futures.items():
                try:
                    answers[one] = future.result()
                except SecaidError as error:
                    self.failed["@".join(one) if isinstance(one, tuple) else str(one)] = str(error)
        return answers
