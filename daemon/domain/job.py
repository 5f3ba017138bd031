"""A job, as the queue hands it out."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

import msgspec


class JobState(enum.StrEnum):
    """Where a job stands. Only `ready` jobs can be claimed."""

    BLOCKED = "blocked"
    """Waits for the jobs it depends on."""
    READY = "ready"
    CLAIMED = "claimed"
    DONE = "done"
    DEAD = "dead"
    CANCELLED = "cancelled"


class JobKind(enum.StrEnum):
    """What a job does; one worker process serves each."""

    ANALYSIS = "analysis"
    """artifact → findings → analyses"""
    ENRICHMENT = "enrichment"
    """a batch of findings → candidate fixes → verified fixes → training examples"""
    INDEXING = "indexing"
    """new verified cases → the vector index"""
    TRAINING = "training"
    """examples → two-stage LoRA → evaluation → promotion decision"""


FED_BY: dict[str, tuple[str, ...]] = {JobKind.TRAINING: (JobKind.ANALYSIS, JobKind.ENRICHMENT)}
"""Kinds that wait for their batch: none of their jobs starts while one of these kinds runs or soon will."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One claimed job."""

    id: int
    kind: str
    payload: dict[str, Any]
    """JSON; what the kind's docstring says."""
    attempt: int
    """From 1."""
    max_attempts: int
    token: str
    """The claim's fence: finishing, failing and progressing need it."""
    priority: int = 0
    unique_key: str | None = None


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job to enqueue."""

    kind: str
    payload: dict[str, Any] = {}
    priority: int = 0
    """Greater runs first."""
    unique_key: str | None = None
    """No second unfinished job with this key exists; the database holds it."""
    coalesce: bool = False
    """With `unique_key`: a waiting twin takes this payload, and a running twin runs once more with it afterwards,
    so that nothing asked for while it ran is missed. For work whose payload says only "there is something new"."""
    run_at: dt.datetime | None = None
    """Not before; now by default."""
    after: tuple[int, ...] = ()
    """Ids of the jobs that must be done first."""
    max_attempts: int | None = None
    """The kind's setting by default."""
