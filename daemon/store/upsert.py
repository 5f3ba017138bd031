"""`INSERT … ON CONFLICT`, spelled the same for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Rows = Sequence[Mapping[str, Any]]


def insert_new(conn: sa.Connection, table: sa.Table, rows: Rows) -> None:
    """Insert the rows; those whose key is taken are left as they stand."""
    if rows:
        conn.execute(_insert(conn, table).on_conflict_do_nothing(), list(rows))


def upsert(conn: sa.Connection, table: sa.Table, rows: Rows, *, update: Sequence[str]) -> None:
    """Insert the rows; where the primary key is taken, overwrite the columns in `update`."""
    if rows:
        statement = _insert(conn, table)
        changes = {name: statement.excluded[name] for name in update}
        keys = list(table.primary_key.columns)
        conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), list(rows))


def _insert(conn: sa.Connection, table: sa.Table) -> Any:
    return postgresql.insert(table) if conn.dialect.name == "postgresql" else sqlite.insert(table)
