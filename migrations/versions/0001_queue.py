"""The queue: jobs, what they need, how they failed, their kinds, and the processes that run them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_queue"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_LIVE = "state IN ('blocked', 'ready', 'claimed')"
_STATES = (
    "state = 'blocked' OR state = 'ready' OR state = 'claimed' OR state = 'done' OR state = 'dead' "
    "OR state = 'cancelled'"
)


def upgrade() -> None:
    _jobs()
    op.create_table(
        "job_needs",
        sa.Column("job_id", _ID, autoincrement=False),
        sa.Column("needs_id", _ID, autoincrement=False),
        sa.PrimaryKeyConstraint("job_id", "needs_id", name="pk_job_needs"),
    )
    op.create_index("ix_job_needs_needs_id", "job_needs", ["needs_id"])
    op.create_table(
        "job_failures",
        sa.Column("id", _ID, autoincrement=True),
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("worker", sa.Text),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_failures"),
    )
    op.create_index("ix_job_failures_job_id", "job_failures", ["job_id"])
    op.create_table(
        "job_kinds",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("paused_at", sa.Double),
        sa.Column("pause_reason", sa.Text),
        sa.Column("concurrency", sa.Integer),
        sa.PrimaryKeyConstraint("kind", name="pk_job_kinds"),
    )
    op.create_table(
        "processes",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("heartbeat_at", sa.Double, nullable=False),
        sa.Column("heartbeat_seconds", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_processes"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", _ID, autoincrement=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
        sa.Column("run_at", sa.Double, nullable=False, server_default="0"),
        sa.Column("unique_key", sa.Text),
        sa.Column("coalesce", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("again", sa.Text),
        sa.Column("waiting", sa.Integer, nullable=False, server_default="0"),
        sa.Column("needed", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("max_attempts", sa.Integer),
        sa.Column("postponed", sa.Integer, nullable=False, server_default="0"),
        sa.Column("token", sa.Text),
        sa.Column("worker", sa.Text),
        sa.Column("beat", sa.Integer, nullable=False, server_default="0"),
        sa.Column("progress", sa.Double),
        sa.Column("note", sa.Text),
        sa.Column("result", sa.Text),
        sa.Column("cause", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("claimed_at", sa.Double),
        sa.Column("heartbeat_at", sa.Double),
        sa.Column("finished_at", sa.Double),
        sa.Column("released_at", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.CheckConstraint(_STATES, name=op.f("ck_jobs_state")),
        sa.CheckConstraint("(state = 'claimed') = (token IS NOT NULL)", name=op.f("ck_jobs_token_when_claimed")),
    )
    _partial_index("ix_jobs_ready", ["kind", sa.text("priority DESC"), "run_at", "id"], "state = 'ready'")
    _partial_index("ix_jobs_claimed", ["kind"], "state = 'claimed'")
    _partial_index("uq_jobs_live_unique_key", ["unique_key"], f"unique_key IS NOT NULL AND {_LIVE}", unique=True)


def _partial_index(name: str, columns: list[str | sa.TextClause], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, "jobs", columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
