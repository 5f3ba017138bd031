"""Which files the scanners must look at to judge a fix: before and after it, with what they are read together with."""

from __future__ import annotations

import ast

from daemon.errors import SourceUnavailable
from workers.source.tree import SourceTree
from workers.verify.answers import Unit
from workers.verify.attempt import Attempt, Patched
from workers.verify.batch import Scanners
from workers.verify.python.fold import plain
from workers.verify.python.parts import parts
from workers.verify.scanner import SCANNERS

_READS_PYTHON = "bandit"


class Layout:
    """Which file each scanner must look at, before and after, for every attempt."""

    def __init__(self, scanners: Scanners) -> None:
        self.scanners = scanners
        self.wanted: dict[str, list[Unit]] = {}
        self._folders: dict[int, dict[str, list[str]]] = {}

    def add(self, tried: Attempt) -> None:
        """Ask for every scan that judging this attempt needs."""
        for file in self.files(tried):
            for name in self.names(file):
                self.wanted.setdefault(name, []).extend(self.units(name, tried, file))
        for file in tried.files:
            for name, unit in plain_units(tried, file):
                self.wanted.setdefault(name, []).append(unit)

    def files(self, tried: Attempt) -> tuple[Patched, ...]:
        """What is changed; before it the finding's own file, where only a file that it is read with is changed."""
        finding = tried.task.finding
        changed = {file.path for file in tried.files}
        siblings = SCANNERS.get(finding.tool).siblings if finding.tool in SCANNERS.names() else None
        if finding.path is None or finding.path in changed or siblings is None:
            return tried.files
        folder = finding.path.rpartition("/")[0]
        if not any(each.rpartition("/")[0] == folder and siblings(finding.path, each) for each in changed):
            return tried.files
        try:
            content = tried.task.tree.read(finding.path)
        except SourceUnavailable:
            return tried.files
        return (Patched(finding.path, content, content, ()), *tried.files)

    def names(self, file: Patched) -> list[str]:
        """The scanners that look at a file, before or after."""
        both = (*self.scanners.applicable(file.path, file.before), *self.scanners.applicable(file.path, file.after))
        return sorted({adapter.name for adapter in both})

    def units(self, name: str, tried: Attempt, file: Patched) -> tuple[Unit, Unit]:
        """The file before and after, each with the siblings that the scanner needs."""
        old = self._beside(name, tried.task.tree, file.path)
        patched = {other.path: other.after for other in tried.files}
        new = tuple((path, patched.get(path, content)) for path, content in old)
        return Unit(file.path, file.before, old), Unit(file.path, file.after, new)

    def _beside(self, name: str, tree: SourceTree, path: str) -> tuple[tuple[str, bytes], ...]:
        siblings = SCANNERS.get(name).siblings
        if siblings is None:
            return ()
        others = self._index(tree).get(path.rpartition("/")[0], [])
        return tuple((other, tree.read(other)) for other in others if other != path and siblings(path, other))

    def _index(self, tree: SourceTree) -> dict[str, list[str]]:
        if id(tree) not in self._folders:
            folders: dict[str, list[str]] = {}
            for path in tree.paths():
                folders.setdefault(path.rpartition("/")[0], []).append(path)
            self._folders[id(tree)] = folders
        return self._folders[id(tree)]


def plain_units(tried: Attempt, file: Patched) -> list[tuple[str, Unit]]:
    """What changed, both sides, with constants worked out, for the scanner that reads Python: what only hides shows."""
    if tried.task.finding.tool != _READS_PYTHON or (both := parts(file.before, file.after)) is None:
        return []
    before, after = both.changed()
    if (shown := plain(after)) is None:
        return []
    sides = (plain(before) or ast.unparse(before).encode("utf-8", "surrogateescape"), shown)
    return [(_READS_PYTHON, Unit(file.path, content)) for content in sides]
