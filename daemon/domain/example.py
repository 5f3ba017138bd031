"""A training example, made from a verified fix or an analysis."""

from __future__ import annotations

import enum

import msgspec


class Stage(enum.StrEnum):
    """Which of the two LoRA stages learns from it."""

    ANALYSIS = "analysis"
    CODE_FIX = "code-fix"


class Split(enum.StrEnum):
    """Which side of the leak-free split it is on."""

    TRAIN = "train"
    VALID = "valid"
    TEST = "test"


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One chat exchange to learn from."""

    id: str
    """SHA-256 of stage, prompt and completion."""
    stage: Stage
    prompt: str
    completion: str
    cluster: str
    """Rule and normalised code: all examples of a cluster lie on one side of the split."""
    finding_id: str
    score: float
    """The fix's score, or the analysis' confidence."""
    split: Split | None = None
