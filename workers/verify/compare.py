"""Findings before against findings after: which ended, which stayed, which are new.

Lines move under edits, so a finding is followed from where it stood to where its line stands now.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence

import msgspec

from daemon.domain.finding import Finding, rule_name
from daemon.domain.fix import Edit

_NEAR_LINES = 3


class Comparison(msgspec.Struct, frozen=True):
    """What became of the findings of one scanner about one file."""

    ended: tuple[Finding, ...]
    stayed: tuple[tuple[Finding, Finding], ...]
    """Before and after."""
    new: tuple[Finding, ...]


class LineMap:
    """Where the lines of a file went under edits. Lines count from 1."""

    def __init__(self, before: bytes, after: bytes, edits: Iterable[Edit]) -> None:
        self._hunks = _hunks(before, sorted(edits))
        self._before = before.split(b"\n")
        self._after = after.split(b"\n")

    def exact(self, line: int) -> int | None:
        """The line's number now; none where it was edited away."""
        shift = 0
        for first, last, now_first, now_last in self._hunks:
            if line < first:
                break
            if line <= last:
                return self._inside(line, first, last, now_first, now_last)
            shift = now_last - last
        return line + shift

    def around(self, line: int) -> tuple[int, int]:
        """The lines that a line may have become: itself, or all that the edit around it wrote."""
        for first, last, now_first, now_last in self._hunks:
            if first <= line <= last:
                return now_first, max(now_first, now_last)
        exact = self.exact(line)
        return (exact, exact) if exact is not None else (line, line)

    def _inside(self, line: int, first: int, last: int, now_first: int, now_last: int) -> int | None:
        old, new = self._before[first - 1 : last], self._after[now_first - 1 : now_last]
        for start, now, size in difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
            if start <= line - first < start + size:
                return now_first + now + (line - first - start)
        return None


def compare(before: Sequence[Finding], after: Sequence[Finding], lines: LineMap) -> Comparison:
    """Match findings of the same rule, the surest pairs first."""
    left, right = list(before), list(after)
    stayed: list[tuple[Finding, Finding]] = []
    for same in _MATCHES:
        for old in list(left):
            new = next(
                (candidate for candidate in right if _rule(old) == _rule(candidate) and same(old, candidate, lines)),
                None,
            )
            if new is not None:
                left.remove(old)
                right.remove(new)
                stayed.append((old, new))
    return Comparison(ended=tuple(left), stayed=tuple(stayed), new=tuple(right))


def locate(finding: Finding, reported: Sequence[Finding]) -> Finding | None:
    """The finding as the scanner reports it here and now, so that it can be followed; none where it does not fire."""
    alike = [other for other in reported if same_rule(finding.rule, other.rule) and finding.path == other.path]
    for test in (_same_place, _same_line, _overlapping):
        matching = [other for other in alike if test(finding, other)]
        if matching:
            return min(matching, key=lambda other: other.message != finding.message)
    # Other versions point some lines away; that is only safe where nothing else could be meant.
    if len(alike) == 1 and abs((alike[0].line or 0) - (finding.line or 0)) <= _NEAR_LINES:
        return alike[0]
    return alike[0] if alike and finding.line is None else None


def same_rule(one: str, other: str) -> bool:
    """Whether two ids name one rule: `zizmor/artipacked` and `artipacked`, `a.b.rule` and `rule`."""
    return one == other or rule_name(one).lower() == rule_name(other).lower()


def _rule(finding: Finding) -> tuple[str, str]:
    return finding.tool, finding.rule


def _same_place(one: Finding, other: Finding) -> bool:
    return one.location.region == other.location.region and one.location.region is not None


def _same_line(one: Finding, other: Finding) -> bool:
    return one.line == other.line


def _overlapping(one: Finding, other: Finding) -> bool:
    first, second = one.location.region, other.location.region
    if first is None or second is None:
        return False
    return first.overlaps(second.start_line, second.last_line)


def _columns(finding: Finding) -> tuple[int | None, int | None]:
    region = finding.location.region
    return (region.start_column, region.end_column) if region else (None, None)


def _moved_exactly(old: Finding, new: Finding, lines: LineMap) -> bool:
    return old.line is not None and lines.exact(old.line) == new.line


def _within_edit(old: Finding, new: Finding, lines: LineMap) -> bool:
    if old.line is None or new.line is None:
        return old.line == new.line
    first, last = lines.around(old.line)
    return first <= new.line <= last


def _same_text(old: Finding, new: Finding) -> bool:
    return bool(old.location.snippet) and old.location.snippet == new.location.snippet


_MATCHES: tuple[Callable[[Finding, Finding, LineMap], bool], ...] = (
    lambda old, new, at: _moved_exactly(old, new, at) and old.message == new.message and _columns(old) == _columns(new),
    lambda old, new, at: _moved_exactly(old, new, at) and old.message == new.message,
    _moved_exactly,
    lambda old, new, at: _within_edit(old, new, at) and old.message == new.message,
    _within_edit,
    lambda old, new, _at: _same_text(old, new) and old.message == new.message,
)


def _hunks(before: bytes, edits: Sequence[Edit]) -> list[tuple[int, int, int, int]]:
    """Line ranges, inclusive, that edits touched: before and after; neighbours on one line are one hunk."""
    hunks: list[tuple[int, int, int, int]] = []
    shift = 0
    for edit in edits:
        first = before.count(b"\n", 0, edit.start) + 1
        last = first + before.count(b"\n", edit.start, edit.end)
        grown = edit.text.encode().count(b"\n") - before.count(b"\n", edit.start, edit.end)
        if hunks and first <= hunks[-1][1]:
            old_first, old_last, now_first, now_last = hunks[-1]
            hunks[-1] = (old_first, max(old_last, last), now_first, now_last + (max(old_last, last) - old_last) + grown)
        else:
            hunks.append((first, last, first + shift, last + shift + grown))
        shift += grown
    return hunks
