"""Whether a model's reply says anything: a small model fills a schema with words that mean nothing."""

from __future__ import annotations

import itertools
import re

from daemon.domain.analysis import CodeContext
from daemon.domain.finding import Finding
from daemon.masking import MASK

_WORD = re.compile(r"[a-z]{2,}")
_BLANK = re.compile(r"\[[a-z][a-z_ -]*\]|<[a-z][a-z_ -]*>|\{[a-z_ ]+\}")
_FEWEST_WORDS = 4
_LETTERS = 0.6
"""Of all characters; below it a reply is digits and punctuation."""
_DISTINCT = 0.5
_SAME = 0.75
"""Shared words ÷ all words of two answers; above it one repeats the other."""
_LONG_WORD = 5


def fault(answers: dict[str, str], finding: Finding, context: CodeContext | None) -> str | None:
    """Why these answers must not be shown, as a sentence; none where they may be."""
    source = _source(finding, context)
    for name, text in answers.items():
        if reason := _hollow(text.lower().replace(MASK, ""), source):
            return f"its {name} {reason}"
    for (one, first), (two, second) in itertools.combinations(answers.items(), 2):
        if _overlap(set(_WORD.findall(first.lower())), set(_WORD.findall(second.lower()))) > _SAME:
            return f"its {one} and {two} say the same"
    spoken = {word for text in answers.values() for word in _WORD.findall(text.lower())}
    if not {word for word in spoken if len(word) >= _LONG_WORD} & set(_WORD.findall(source)):
        return "it never mentions what was found"
    return None


def _hollow(text: str, source: str) -> str | None:
    words = _WORD.findall(text)
    if len(words) < _FEWEST_WORDS:
        return "is not a sentence"
    if sum(char.isalpha() or char.isspace() for char in text) < _LETTERS * len(text):
        return "is mostly digits and punctuation"
    if len(set(words)) < _DISTINCT * len(words):
        return "repeats itself"
    if any(blank not in source for blank in _BLANK.findall(text)):
        return "has blanks that were never filled in"
    return None


def _overlap(one: set[str], two: set[str]) -> float:
    return len(one & two) / max(1, len(one | two))


def _source(finding: Finding, context: CodeContext | None) -> str:
    told = (finding.rule, finding.title, finding.message, finding.help_text, context.text if context else "")
    return " ".join(told).lower()
