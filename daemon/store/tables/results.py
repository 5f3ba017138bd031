"""Tables of what the pipeline found, proved and learned. Times are seconds since 1970, UTC."""

from __future__ import annotations

import sqlalchemy as sa

from daemon.store.tables.metadata import METADATA

_JSON = sa.LargeBinary
"""A noun as msgspec encodes it; the columns beside it are the parts that are searched."""

artifacts = sa.Table(
    "artifacts",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("stored_at", sa.Text, nullable=False),
    sa.Column("repository", sa.Text, nullable=False, server_default=""),
    sa.Column("commit_sha", sa.Text, nullable=False, server_default=""),
    sa.Column("branch", sa.Text, nullable=False, server_default=""),
    sa.Column("source", sa.Text),
    sa.Column("run_id", sa.BigInteger),
    sa.Column("external_id", sa.Text, nullable=False, server_default=""),
    sa.Column("created_at", sa.Double, nullable=False),
    # The same bytes under the same name for the same commit are the same artifact; GitHub's id keeps two uploads apart.
    sa.UniqueConstraint("repository", "external_id", "name", "sha256", "commit_sha", name="uq_artifacts_identity"),
)

reports = sa.Table(
    "reports",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("artifact_id", sa.ForeignKey("artifacts.id", ondelete="CASCADE"), nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # parsed, ignored, broken
    sa.Column("tool", sa.Text),
    sa.Column("tool_version", sa.Text),
    sa.Column("format", sa.Text),
    sa.Column("row_count", sa.Integer, nullable=False, server_default="0"),
    # Of the rows; counted once, because nobody wants to wait for a million of them to be counted.
    sa.Column("kept", sa.Integer, nullable=False, server_default="0"),
    sa.Column("duplicates", sa.Integer, nullable=False, server_default="0"),
    sa.Column("ignored", sa.Integer, nullable=False, server_default="0"),
    sa.Column("reason", sa.Text),
    sa.UniqueConstraint("artifact_id", "path", name="uq_reports_path"),
)

report_rows = sa.Table(
    "report_rows",
    METADATA,
    sa.Column("report_id", sa.ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("row_index", sa.Integer, primary_key=True),
    sa.Column("raw_sha256", sa.Text, nullable=False),
    sa.Column("disposition", sa.Text, nullable=False),  # kept, duplicate, ignored
    sa.Column("finding_id", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Index("ix_report_rows_finding", "finding_id"),
)

findings = sa.Table(
    "findings",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("repository", sa.Text, nullable=False),
    sa.Column("branch", sa.Text, nullable=False, server_default=""),
    sa.Column("commit_sha", sa.Text, nullable=False, server_default=""),
    sa.Column("artifact_id", sa.ForeignKey("artifacts.id"), nullable=False),
    sa.Column("first_artifact_id", sa.Integer),  # equal to artifact_id: new since the scan before
    # The tool and the artifact's name without run numbers: a later scan under the same key closes what it lacks.
    sa.Column("scan_key", sa.Text, nullable=False),
    sa.Column("tool", sa.Text, nullable=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("path", sa.Text),
    sa.Column("line", sa.Integer),
    sa.Column("group_key", sa.Text),
    sa.Column("urgency", sa.Double, nullable=False, server_default="0"),
    sa.Column("urgency_reasons", sa.Text, nullable=False, server_default=""),  # one a line
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("state_reason", sa.Text),
    sa.Column("state_until", sa.Double),
    sa.Column("suppressed_by", sa.Text),  # scanner, person
    # Set by enrichment: how it ended, and the best level that a candidate reached.
    sa.Column("outcome", sa.Text, nullable=False, server_default="pending"),  # pending, fixed, unfixed
    sa.Column("reason", sa.Text),
    sa.Column("first_seen_at", sa.Double, nullable=False),
    sa.Column("last_seen_at", sa.Double, nullable=False),
    sa.Column("data", _JSON, nullable=False),
    sa.Index("ix_findings_scan", "repository", "branch", "scan_key", "state"),
    sa.Index("ix_findings_group", "group_key", "state"),
    sa.Index("ix_findings_artifact", "artifact_id"),
    # `findings list` reads the first; counting by tool, rule, severity or outcome reads the second and no table.
    sa.Index("ix_findings_urgent", "state", "urgency", "group_key", "id"),
    sa.Index("ix_findings_tally", "state", "tool", "rule", "severity", "outcome"),
    sa.Index("ix_findings_rule", "rule", "tool"),
)
_NEW = findings.c.first_artifact_id == findings.c.artifact_id
sa.Index(
    "ix_findings_new",
    # The last two, or SQLite reads the table to look at the condition again.
    *(findings.c[name] for name in ("state", "tool", "rule", "severity", "first_artifact_id", "artifact_id")),
    sqlite_where=_NEW,
)

moved_files = sa.Table(
    "moved_files",
    METADATA,
    sa.Column("repository", sa.Text, primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("first_path", sa.Text, nullable=False),  # under which its findings were first seen
)

replies = sa.Table(
    "replies",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),  # SHA-256 of model, prompt and parameters
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("data", _JSON, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
)

analyses = sa.Table(
    "analyses",
    METADATA,
    sa.Column("finding_id", sa.ForeignKey("findings.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("data", _JSON, nullable=False),
)

fixes = sa.Table(
    "fixes",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("finding_id", sa.ForeignKey("findings.id", ondelete="CASCADE"), nullable=False),
    sa.Column("approach", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("grade", sa.Text, nullable=False),
    sa.Column("verified", sa.Boolean, nullable=False),
    sa.Column("score", sa.Double, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="proposed"),  # proposed, applied, rejected
    sa.Column("state_reason", sa.Text),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("data", _JSON, nullable=False),
    sa.Index("ix_fixes_finding", "finding_id"),
    sa.Index("ix_fixes_level", "verified", "level"),
)

examples = sa.Table(
    "examples",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("cluster", sa.Text, nullable=False),
    sa.Column("finding_id", sa.Text, nullable=False),
    sa.Column("score", sa.Double, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("trained_in", sa.Text),  # the first release that learned from it
    sa.Column("data", _JSON, nullable=False),
    sa.Index("ix_examples_trained", "trained_in"),
)

cases = sa.Table(
    "cases",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),  # also the vector's id in the index
    sa.Column("fix_id", sa.ForeignKey("fixes.id", ondelete="CASCADE"), nullable=False, unique=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("model", sa.Text),
    sa.Column("vector", sa.LargeBinary),  # float32, little-endian; null until the indexing job has embedded it
)

releases = sa.Table(
    "releases",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("data", _JSON, nullable=False),
)

losses = sa.Table(
    "losses",
    METADATA,
    sa.Column("release", sa.Text, primary_key=True),
    sa.Column("stage", sa.Text, primary_key=True),
    sa.Column("iteration", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),  # train, validation
    sa.Column("loss", sa.Double, nullable=False),
)
