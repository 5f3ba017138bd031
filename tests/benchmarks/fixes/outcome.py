"""What changed files did to a tree: findings ended and added, files broken. The same measure for every fixer."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Mapping

import msgspec

from daemon.domain.fix import Edit
from daemon.errors import SourceUnavailable
from workers.repair.compose import Overlay
from workers.source.tree import SourceTree
from workers.verify.answers import Unit
from workers.verify.batch import Scanners
from workers.verify.compare import LineMap, compare
from workers.verify.kinds import is_action, is_workflow
from workers.verify.parsing import new_problem
from workers.verify.scanner import SCANNERS, Role
from workers.verify.workflows.preserved import broken


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a tree."""

    files: int
    """How many were changed."""
    ended: int
    added: int
    """Findings that were not there before, of any severity."""
    unparsed: tuple[str, ...]
    """Changed files that no longer parse."""
    stopped: tuple[str, ...]
    """Changed workflows that would no longer do what they did: a push without credentials, other arguments."""
    added_rules: tuple[str, ...]


def outcome(tree: SourceTree, files: Mapping[str, bytes], scanners: Scanners) -> Outcome:
    """Scan the changed files before and after, with the files of their folders around them."""
    changed = {path: content for path, content in files.items() if content != tree.read(path)}
    ended, added = _findings(tree, changed, scanners)
    unparsed = [
        f"{path}: {problem}"
        for path, content in changed.items()
        if (problem := new_problem(path, tree.read(path), content)) is not None
    ]
    stopped = [
        f"{path}: {why}"
        for path, content in changed.items()
        if is_workflow(path) or is_action(path)
        for why in broken(tree.read(path), content, tree)
    ]
    return Outcome(
        files=len(changed),
        ended=ended,
        added=len(added),
        unparsed=tuple(unparsed),
        stopped=tuple(stopped),
        added_rules=tuple(added),
    )


def _findings(tree: SourceTree, changed: Mapping[str, bytes], scanners: Scanners) -> tuple[int, list[str]]:
    after = Overlay(tree, changed)
    pairs: list[tuple[str, str, Unit, Unit]] = []
    folders = _folders(tree) if changed else {}
    for path, content in changed.items():
        for adapter in scanners.applicable(path, content):
            if adapter.role is Role.SECURITY:
                beside = [other for other in folders[_folder(path)] if other != path]
                old, new = (_unit(view, path, beside, adapter.name) for view in (tree, after))
                pairs.append((adapter.name, path, old, new))
    wanted: dict[str, list[Unit]] = {}
    for name, _, old, new in pairs:
        wanted.setdefault(name, []).extend((old, new))
    answers = scanners.scan(wanted)
    ended, added = 0, []
    for name, path, old, new in pairs:
        before, content = tree.read(path), changed[path]
        lines = LineMap(before, content, line_edits(path, before, content))
        found = compare(answers[name, old].findings, answers[name, new].findings, lines)
        ended += len(found.ended)
        added += [f"{name}:{finding.rule}" for finding in found.new]
    return ended, added


def _unit(tree: SourceTree, path: str, folder: list[str], scanner: str) -> Unit:
    siblings = SCANNERS.get(scanner).siblings
    beside = []
    for other in folder if siblings is not None else ():
        if siblings is not None and siblings(path, other):
            try:
                beside.append((other, tree.read(other)))
            except SourceUnavailable:
                continue
    return Unit(path, tree.read(path), tuple(beside))


def _folders(tree: SourceTree) -> dict[str, list[str]]:
    folders: dict[str, list[str]] = {}
    for path in tree.paths():
        folders.setdefault(_folder(path), []).append(path)
    return folders


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def line_edits(path: str, before: bytes, after: bytes) -> list[Edit]:
    """Whole lines that differ, as edits, for tools that only give the file they wrote."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = list(itertools.accumulate((len(line) for line in old), initial=0))
    return [
        Edit(path=path, start=starts[first], end=starts[last], text=b"".join(new[now:end]).decode("utf-8", "replace"))
        for tag, first, last, now, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if tag != "equal"
    ]
