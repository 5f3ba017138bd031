"""Score 0–1 of a candidate: completeness, code quality and practice, with what would raise it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from daemon.domain.fix import Candidate, Grade, Level
from workers.verify.gaming import changed_lines

_MANY_LINES = 40
_SHORT_EXPLANATION = 40
_UNVERIFIED_CAP = 0.6
_GRADE_COST = {Grade.SAME_SCANNER: 0.0, Grade.EVIDENCE: 0.05, Grade.PROXY: 0.1, Grade.UNVERIFIED: 0.3}


class Score(msgspec.Struct, frozen=True):
    """A value, and one recommendation for each thing that lowered it."""

    value: float
    recommendations: tuple[str, ...] = ()


def score(
    candidate: Candidate,
    files: Mapping[str, tuple[bytes, bytes]],
    *,
    level: Level,
    grade: Grade,
    remaining: int = 0,
    lesser: Sequence[str] = (),
) -> Score:
    """Rate a candidate.

    Args:
        candidate: what is rated.
        files: path → before and after.
        level: how far it came; below L3 the score cannot pass.
        grade: what stands behind the verdict.
        remaining: findings of its group that still fire.
        lesser: new findings of lower severity, as sentences.
    """
    losses = [
        *_completeness(remaining, lesser),
        *(loss for path, (before, after) in files.items() for loss in _quality(path, before, after)),
        *_practice(candidate),
    ]
    value = 1.0 - _GRADE_COST[grade] - sum(cost for cost, _ in losses)
    if level < Level.PRESERVED:
        value = min(value, _UNVERIFIED_CAP * max(int(level) + 1, 0) / (Level.PRESERVED + 1))
    return Score(round(max(0.0, min(1.0, value)), 2), tuple(dict.fromkeys(words for _, words in losses)))


def _completeness(remaining: int, lesser: Sequence[str]) -> Iterable[tuple[float, str]]:
    if remaining:
        yield (
            0.25,
            f"{remaining} more of the same group still {'fires' if remaining == 1 else 'fire'}: fix them together",
        )
    for sentence in lesser:
        yield 0.1, sentence


def _quality(path: str, before: bytes, after: bytes) -> Iterable[tuple[float, str]]:
    removed, added = changed_lines(before, after)
    if len(removed) + len(added) > _MANY_LINES:
        yield 0.1, f"{path}: {len(removed) + len(added)} lines change; a smaller edit is easier to review"
    if any(line != line.rstrip() for line in added) and not any(line != line.rstrip() for line in removed):
        yield 0.05, f"{path}: remove the blanks at line ends"
    if _endings(before) == {b"\r\n"} and _endings(after) != {b"\r\n"}:
        yield 0.1, f"{path}: keep the file's CRLF line endings"
    if before.endswith(b"\n") != after.endswith(b"\n"):
        yield 0.05, f"{path}: keep the file's ending as it was"
    if any(line.startswith("\t") for line in added) and b"\n\t" not in before:
        yield 0.1, f"{path}: indent with blanks, as the file does"


def _practice(candidate: Candidate) -> Iterable[tuple[float, str]]:
    if len(candidate.explanation) < _SHORT_EXPLANATION:
        yield 0.05, "explain why this is right and what it costs"
    for warning in candidate.warnings:
        yield 0.05, warning


def _endings(content: bytes) -> set[bytes]:
    crlf = content.count(b"\r\n")
    return {ending for ending, count in ((b"\r\n", crlf), (b"\n", content.count(b"\n") - crlf)) if count}
