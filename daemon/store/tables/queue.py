"""The queue's tables: jobs, what they wait for, how they failed, their kinds, and the processes that run them.

Times are seconds since 1970, UTC; payloads and results are JSON.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Double, Index, Integer, Table, Text, text

from daemon.domain.job import JobState
from daemon.store.tables.metadata import METADATA

Id = BigInteger().with_variant(Integer, "sqlite")
"""SQLite's row id is the primary key only when it is called INTEGER."""

jobs = Table(
    "jobs",
    METADATA,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("priority", Integer, nullable=False, server_default="0"),
    # Seconds since 1970, or 0 for "now": a clock that is set back cannot postpone a job that has no date.
    Column("run_at", Double, nullable=False, server_default="0"),
    Column("unique_key", Text),
    Column("coalesce", Boolean, nullable=False, server_default=text("false")),
    # The payload of the run that follows this one: a coalesced job asked for while this one was running.
    Column("again", Text),
    # How many of the jobs it needs are not done.
    Column("waiting", Integer, nullable=False, server_default="0"),
    # Whether other jobs need this one; spares most jobs a look at `job_needs` when they finish.
    Column("needed", Boolean, nullable=False, server_default=text("false")),
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("max_attempts", Integer),
    # Times it was put back because something it needs was not there; such a try is no attempt.
    Column("postponed", Integer, nullable=False, server_default="0"),
    # The claim's fence, and who holds it (`daemon.store.identity`).
    Column("token", Text),
    Column("worker", Text),
    # Raised by every heartbeat. Its value means nothing; that it changes means that the worker lives.
    Column("beat", Integer, nullable=False, server_default="0"),
    Column("progress", Double),
    Column("note", Text),
    Column("result", Text),
    # Why it is dead, cancelled, postponed or was tried again: one word, and a sentence.
    Column("cause", Text),
    Column("reason", Text),
    Column("created_at", Double, nullable=False),
    Column("claimed_at", Double),
    Column("heartbeat_at", Double),
    Column("finished_at", Double),
    # When it was put back; a later clock reading below this one shows that the clock was set back.
    Column("released_at", Double),
    # Not `IN`: for that SQLite builds a table of its values with every statement, a tenth of a whole insertion.
    CheckConstraint(" OR ".join(f"state = '{state}'" for state in JobState), name="state"),
    CheckConstraint("(state = 'claimed') = (token IS NOT NULL)", name="token_when_claimed"),
)

_LIVE = "state IN ('blocked', 'ready', 'claimed')"

# Partial: finished jobs weigh nothing, however many there are. The migrations make them so on PostgreSQL, too; saying
# it here would import its dialect into every process, a tenth of `secaid status`.
Index(
    "ix_jobs_ready",
    jobs.c.kind,
    jobs.c.priority.desc(),
    jobs.c.run_at,
    jobs.c.id,
    sqlite_where=text("state = 'ready'"),
)
Index(
    "ix_jobs_claimed",
    jobs.c.kind,
    sqlite_where=text("state = 'claimed'"),
)
Index(
    "uq_jobs_live_unique_key",
    jobs.c.unique_key,
    unique=True,
    sqlite_where=text(f"unique_key IS NOT NULL AND {_LIVE}"),
)

job_needs = Table(
    "job_needs",
    METADATA,
    Column("job_id", Id, primary_key=True, autoincrement=False),
    Column("needs_id", Id, primary_key=True, autoincrement=False),
    Index("ix_job_needs_needs_id", "needs_id"),
)

job_failures = Table(
    "job_failures",
    METADATA,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("job_id", Id, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker", Text),
    Column("cause", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Double, nullable=False),
    Index("ix_job_failures_job_id", "job_id"),
)

job_kinds = Table(
    "job_kinds",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("paused_at", Double),
    Column("pause_reason", Text),
    # The most jobs of this kind that run at once, over all workers; NULL: no limit.
    Column("concurrency", Integer),
)

processes = Table(
    "processes",
    METADATA,
    # An identity that no other process ever has (`daemon.store.identity`).
    Column("id", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("note", Text),
    Column("started_at", Double, nullable=False),
    Column("heartbeat_at", Double, nullable=False),
    # How often it promised to write `heartbeat_at`.
    Column("heartbeat_seconds", Double, nullable=False),
)
