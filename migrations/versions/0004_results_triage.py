"""Triage: how urgent a finding is, who suppresses it, whether it is new; counts that need no million rows; renames."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_results_triage"
down_revision = "0003_poll"

_COUNTS = {"kept": "kept", "duplicates": "duplicate", "ignored": "ignored"}
_INDEXES = {
    "ix_findings_group": ["group_key", "state"],
    "ix_findings_urgent": ["state", "urgency", "group_key", "id"],
    "ix_findings_tally": ["state", "tool", "rule", "severity", "outcome"],
    "ix_findings_rule": ["rule", "tool"],
}


def upgrade() -> None:
    _reports()
    _findings()
    op.create_table(
        "moved_files",
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("first_path", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("repository", "path", name=op.f("pk_moved_files")),
    )


def _reports() -> None:
    for column, disposition in _COUNTS.items():
        op.add_column("reports", sa.Column(column, sa.Integer(), server_default="0", nullable=False))
        counted = f"SELECT count(*) FROM report_rows WHERE report_id = reports.id AND disposition = '{disposition}'"  # noqa: S608 - from above
        op.execute(f"UPDATE reports SET {column} = ({counted})")  # noqa: S608 - from above


def _findings() -> None:
    for name in ("ix_findings_group", "ix_findings_open", "ix_findings_outcome", "ix_findings_rule"):
        op.drop_index(name, table_name="findings")
    op.add_column("findings", sa.Column("first_artifact_id", sa.Integer(), nullable=True))
    op.add_column("findings", sa.Column("urgency", sa.Double(), server_default="0", nullable=False))
    op.add_column("findings", sa.Column("urgency_reasons", sa.Text(), server_default="", nullable=False))
    op.add_column("findings", sa.Column("suppressed_by", sa.Text(), nullable=True))
    op.execute("UPDATE findings SET urgency = severity_rank * 20, group_key = coalesce(group_key, id)")
    op.execute("UPDATE findings SET suppressed_by = 'person' WHERE state = 'suppressed'")
    op.drop_column("findings", "severity_rank")
    for name, columns in _INDEXES.items():
        op.create_index(name, "findings", columns, unique=False)
    new = sa.text("first_artifact_id = artifact_id")
    columns = ["state", "tool", "rule", "severity", "first_artifact_id", "artifact_id"]
    op.create_index("ix_findings_new", "findings", columns, sqlite_where=new, postgresql_where=new)
