"""Tables of what was looked at, on GitHub and in watched folders. Times are seconds since 1970, UTC."""

from __future__ import annotations

import sqlalchemy as sa

from daemon.store.tables.metadata import METADATA

poll_repositories = sa.Table(
    "poll_repositories",
    METADATA,
    sa.Column("repository", sa.Text, primary_key=True),
    # Of the list's first page, and whose it is: GitHub's ETags differ from token to token.
    sa.Column("etag", sa.Text),
    sa.Column("etag_token", sa.Text),
    # By GitHub's clock: nothing older is fetched, and when the newest upload seen was made.
    sa.Column("floor", sa.Double),
    sa.Column("newest", sa.Double),
    sa.Column("walked_at", sa.Double),
    sa.Column("polled_at", sa.Double),
    sa.Column("succeeded_at", sa.Double),
    sa.Column("not_before", sa.Double, nullable=False, server_default="0"),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("reason", sa.Text),
)

poll_uploads = sa.Table(
    "poll_uploads",
    METADATA,
    sa.Column("repository", sa.Text, primary_key=True),
    sa.Column("upload_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # pending, fetched, expired, refused
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("not_before", sa.Double, nullable=False, server_default="0"),
    sa.Column("reason", sa.Text),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Index("ix_poll_uploads_state", "state", "not_before"),
)

poll_tokens = sa.Table(
    "poll_tokens",
    METADATA,
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("not_before", sa.Double, nullable=False, server_default="0"),
    sa.Column("reason", sa.Text),
    sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),
    sa.Column("remaining", sa.Integer),
    sa.Column("budget", sa.Integer),
)

watched_files = sa.Table(
    "watched_files",
    METADATA,
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("signature", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # taken, refused
    sa.Column("reason", sa.Text),
    sa.Column("at", sa.Double, nullable=False),
)
