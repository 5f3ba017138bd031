"""`INSERT … ON CONFLICT`, spelled the same for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

Rows = Sequence[Mapping[str, Any]]


def insert_new(conn: sa.Connection, table: sa.Table, rows: Rows) -> None:
    """Insert the rows; those whose key is taken are left as they stand."""
    if rows:
        conn.execute(insert_into(table, conn.dialect.name).on_conflict_do_nothing(), list(rows))


def insert_if_new(conn: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> int | None:
    """Insert one row; its `id`, or None where its key is taken, also by a transaction that was quicker."""
    statement = insert_into(table, conn.dialect.name).values(row).on_conflict_do_nothing().returning(table.c.id)
    found: int | None = conn.execute(statement).scalar_one_or_none()
    return found


def upsert(conn: sa.Connection, table: sa.Table, rows: Rows, *, update: Sequence[str]) -> None:
    """Insert the rows; where the primary key is taken, overwrite the columns in `update`."""
    if rows:
        statement = insert_into(table, conn.dialect.name)
        changes = {name: statement.excluded[name] for name in update}
        keys = list(table.primary_key.columns)
        conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), list(rows))


def insert_into(table: sa.Table, dialect: str) -> Any:
    """The dialect's own `INSERT`. The other one's is not imported: PostgreSQL's alone costs `secaid status` a tenth."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)
