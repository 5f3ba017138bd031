"""A trained model, what it measured, and whether it was promoted."""

from __future__ import annotations

import datetime as dt
import enum

import msgspec


class ReleaseState(enum.StrEnum):
    """What became of a trained model."""

    CANDIDATE = "candidate"
    PROMOTED = "promoted"
    KEPT_BASE = "kept-base"
    """It measured no better; the model in service stays."""
    RETIRED = "retired"
    """It served, until another was promoted."""
    ROLLED_BACK = "rolled-back"
    """It served, until a person took it back: no rollback returns to it."""


class StageResult(msgspec.Struct, frozen=True, kw_only=True):
    """One LoRA stage. Losses are mean token cross-entropy, in nats, on the validation split."""

    stage: str
    iterations: int
    learning_rate: float
    examples: int
    loss_before: float | None
    loss_after: float | None
    """None where no validation example is short enough to be measured."""
    seconds: float


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Held-out findings, fixed by one model, verified like any other fix."""

    model: str
    attempted: int
    applies: int
    verified: int
    general_loss: float
    """On text that has nothing to do with fixes, in nats a token."""

    @property
    def verified_rate(self) -> float:
        """Verified ÷ attempted; 0 where nothing was attempted."""
        return self.verified / self.attempted if self.attempted else 0.0


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One training run's outcome."""

    name: str
    """`NAME_YYYYMMDD_HHMMSS`, also the folder's."""
    path: str
    base_model: str
    state: ReleaseState
    reason: str
    """Why it was promoted or not, with the figures."""
    stages: tuple[StageResult, ...] = ()
    base_evaluation: Evaluation | None = None
    evaluation: Evaluation | None = None
    created_at: dt.datetime
    promoted_at: dt.datetime | None = None
    """When it last began to serve."""
