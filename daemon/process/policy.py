"""What one job kind may take: attempts, time, memory, and how long it backs off."""

from __future__ import annotations

import random

import msgspec


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One kind's bounds. None stands for the setting that holds for every kind."""

    max_attempts: int | None = None
    backoff_seconds: float = 5.0
    """Before the second attempt; doubled before each further one."""
    backoff_most_seconds: float = 600.0
    postpone_seconds: float = 300.0
    """Before a job that found something unavailable is tried again."""
    concurrency: int | None = None
    """Jobs of the kind that run at once, over all workers and machines."""
    timeout_seconds: float | None = None
    memory_mb: int | None = None

    def backoff(self, attempt: int) -> float:
        """Seconds until the attempt after this one: a random point in the upper half, so that retries spread."""
        most = min(self.backoff_most_seconds, self.backoff_seconds * 2.0 ** min(attempt - 1, 30))
        return random.uniform(most / 2, most)  # noqa: S311 - spreads retries, protects nothing
