"""A candidate fix, its verdict, and the evidence for it."""

from __future__ import annotations

import enum

import msgspec


class Edit(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Bytes `start:end` of the file at the scanned commit become `text` (UTF-8). Equal offsets insert."""

    path: str
    start: int
    end: int
    text: str


class FixSource(enum.StrEnum):
    """Where a candidate came from."""

    FIXER = "fixer"
    SCANNER = "scanner"
    CASE = "case"
    """An adapted verified fix from the index."""
    MODEL = "model"


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A set of minimal edits that should end a finding."""

    approach: str
    """Kebab-case name, unique within the fixer: `persist-credentials-false`."""
    source: FixSource = FixSource.FIXER
    fixer: str | None = None
    edits: tuple[Edit, ...]
    explanation: str
    """Why this is right and what it costs, for the person who applies it."""
    declares: tuple[str, ...] = ()
    """What it means to change, as path patterns of the structure it edits (`jobs.*.permissions`,
    `instruction:USER`); L3 refuses a change outside of them. A trailing `/delete` permits deletion."""
    warnings: tuple[str, ...] = ()
    """What a person should check: shown, and deducted from the score."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The files it touches."""
        return tuple(sorted({edit.path for edit in self.edits}))


class Level(enum.IntEnum):
    """How far a candidate came. Each level includes those below it."""

    NONE = -1
    APPLIES = 0
    PARSES = 1
    RESCANNED = 2
    PRESERVED = 3
    TESTED = 4
    ACCEPTED = 5

    def __str__(self) -> str:
        """`L3`; `none` where not even the edits apply."""
        return "none" if self is Level.NONE else f"L{int(self)}"


class Grade(enum.StrEnum):
    """What stands behind a verdict."""

    SAME_SCANNER = "same scanner"
    PROXY = "proxy"
    EVIDENCE = "evidence"
    UNVERIFIED = "unverified"


PASSING = 0.8
"""The score from which a fix passes; below it, the verdict's recommendations say what would raise it."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What verification found."""

    level: Level
    grade: Grade = Grade.UNVERIFIED
    verified: bool = False
    """L3 or better, with a grade that is not `unverified`."""
    score: float = 0.0
    """0–1: completeness, code quality and practice; ranks candidates, `PASSING` passes."""
    reason: str | None = None
    """Why it went no further, as a sentence that names the check."""
    recommendations: tuple[str, ...] = ()
    evidence: dict[str, str | int | float | bool | list[str]] = {}
    """Scanner and version, counts before and after, what changed in the structure."""

    @property
    def rating(self) -> str:
        """The score, and whether it passes, as a person reads them."""
        return f"score {self.score:.2f}" + ("" if self.score >= PASSING else f", below the {PASSING} that passes")


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate with its verdict and the diff a person sees."""

    candidate: Candidate
    verdict: Verdict
    patch: str
    """Unified diff, as `git apply` takes it at the root."""
