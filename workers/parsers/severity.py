"""Scanners' words, CVSS vectors and scores → severity."""

from __future__ import annotations

import functools
import math

import cvss
import msgspec

from daemon.domain.severity import Severity

_WORDS = {
    Severity.CRITICAL: "critical crit blocker very-high emergency",
    Severity.HIGH: "high error err serious major important danger",
    Severity.MEDIUM: "medium moderate med warning warn",
    Severity.LOW: "low note minor recommendation weak",
    Severity.INFO: "info informational information none style negligible unimportant trace pass ok debug",
}
_BY_WORD = {word: severity for severity, words in _WORDS.items() for word in words.split()}
_NEWEST_FIRST = ("CVSS:4", "CVSS:3.1", "CVSS:3", "")


class Score(msgspec.Struct, frozen=True):
    """A severity with what it was computed from."""

    severity: Severity
    score: float | None = None
    vector: str | None = None


def from_word(word: str | None) -> Severity:
    """The severity that a scanner's own word means."""
    if not word:
        return Severity.UNKNOWN
    return _BY_WORD.get(word.strip().lower().replace(" ", "-"), Severity.UNKNOWN)


def from_score(score: float) -> Severity:
    """The severity of a CVSS base score, on the scale of CVSS 3 and 4."""
    if not math.isfinite(score) or score < 0:
        return Severity.UNKNOWN
    steps = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
    return next((severity for least, severity in steps if score >= least), Severity.INFO)


def number(value: object) -> float | None:
    """A finite number from what reports write as one: a number, or a string that holds one."""
    try:
        result = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


@functools.lru_cache(maxsize=20_000)
def base_score(vector: str) -> float | None:
    """The base score of a CVSS 2, 3 or 4 vector; none where it is not one."""
    text = vector.strip()
    try:
        if text.startswith("CVSS:4"):
            return float(cvss.CVSS4(text).base_score)
        if text.startswith("CVSS:3"):
            return float(cvss.CVSS3(text).scores()[0])
        return float(cvss.CVSS2(text.strip("()")).scores()[0])
    except (cvss.CVSSError, ValueError, TypeError, ArithmeticError):
        return None


def rate(*, vectors: tuple[str, ...] = (), score: object = None, word: str | None = None) -> Score:
    """The newest valid CVSS vector decides, else the score, else the word."""
    for prefix in _NEWEST_FIRST:
        for vector in vectors:
            computed = base_score(vector) if vector.startswith(prefix) else None
            if computed is not None:
                return Score(from_score(computed), computed, vector.strip())
    figure = number(score)
    if figure is not None and 0 <= figure <= 10:
        return Score(from_score(figure), figure)
    return Score(from_word(word))
