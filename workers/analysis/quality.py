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
_FEWEST_CONTENT_WORDS = 3
_LEAST_CONFIDENCE = 0.5
"""Geometric mean of the tokens' probabilities; below it the model itself held most of its words for unlikely."""
_DEBRIS = re.compile(r"[,;:]\s*[.,;:]")
_UNFINISHED = re.compile(
    r"\b(?:a|an|and|any|are|as|at|be|been|being|but|by|can|could|for|from|has|have|if|in|into|is|it|its|may|not|of|on|or"
    r"|should|so|such|than|that|the|their|then|these|this|those|to|was|were|when|where|which|who|will|with|would|your)"
    r"[.…!?]*$"
)
"""A sentence that a bound cut off ends in a word that wants another one."""


def fault(
    answers: dict[str, str], finding: Finding, context: CodeContext | None, confidence: float = 1.0
) -> str | None:
    """Why these answers must not be shown, as a sentence; none where they may be."""
    if confidence < _LEAST_CONFIDENCE:
        return f"it was not sure of its words (confidence {confidence:.2f})"
    source = _source(finding, context)
    for name, text in answers.items():
        if reason := _hollow(text.lower().replace(MASK, ""), source):
            return f"its {name} {reason}"
    for (one, first), (two, second) in itertools.combinations(answers.items(), 2):
        if _same(_WORD.findall(first.lower()), _WORD.findall(second.lower())):
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
    if _DEBRIS.search(text) or _UNFINISHED.search(text):
        return "breaks off"
    if any(blank not in source for blank in _BLANK.findall(text)):
        return "has blanks that were never filled in"
    return None


def _same(one: list[str], two: list[str]) -> bool:
    """Whether two answers share most words or, but for the first, one has none to say that the other has not said."""
    if len({*one} & {*two}) > _SAME * len({*one, *two}):
        return True
    fewer, more = sorted(({word for word in each[1:] if len(word) >= _LONG_WORD} for each in (one, two)), key=len)
    return len(fewer) >= _FEWEST_CONTENT_WORDS and fewer <= more


def _source(finding: Finding, context: CodeContext | None) -> str:
    told = (finding.rule, finding.title, finding.message, finding.help_text, context.text if context else "")
    return " ".join(told).lower()
