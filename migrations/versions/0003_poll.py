"""What was looked at: repositories and their uploads on GitHub, the tokens' pauses, the watched folders' files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_poll"
down_revision = "0002_results"


def upgrade() -> None:
    op.create_table(
        "poll_repositories",
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("etag_token", sa.Text(), nullable=True),
        sa.Column("floor", sa.Double(), nullable=True),
        sa.Column("newest", sa.Double(), nullable=True),
        sa.Column("walked_at", sa.Double(), nullable=True),
        sa.Column("polled_at", sa.Double(), nullable=True),
        sa.Column("succeeded_at", sa.Double(), nullable=True),
        sa.Column("not_before", sa.Double(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("repository", name=op.f("pk_poll_repositories")),
    )
    op.create_table(
        "poll_tokens",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("not_before", sa.Double(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("refusals", sa.Integer(), server_default="0", nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=True),
        sa.Column("budget", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_poll_tokens")),
    )
    _uploads()
    op.create_table(
        "watched_files",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_watched_files")),
    )


def _uploads() -> None:
    op.create_table(
        "poll_uploads",
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("upload_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", sa.Double(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("repository", "upload_id", name=op.f("pk_poll_uploads")),
    )
    op.create_index("ix_poll_uploads_state", "poll_uploads", ["state", "not_before"], unique=False)
