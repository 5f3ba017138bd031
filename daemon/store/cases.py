"""Proven cases and their vectors. The database is the truth; the index on disk is rebuilt from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import msgspec
import sqlalchemy as sa

from daemon.domain.fix import Fix
from daemon.store.tables.results import cases, fixes
from daemon.store.upsert import insert_new

_decode_fix = msgspec.msgpack.Decoder(Fix).decode


class Case(msgspec.Struct, frozen=True):
    """A verified fix as the index knows it."""

    id: int
    text: str
    """What is embedded: the weakness and the code before it was fixed."""
    vector: bytes | None
    """float32, little-endian."""


def add(conn: sa.Connection, texts: Mapping[str, str]) -> None:
    """Add cases by fix id; the indexing job embeds them later."""
    insert_new(conn, cases, [{"fix_id": fix_id, "text": text} for fix_id, text in texts.items()])


def load(conn: sa.Connection, model: str) -> list[Case]:
    """Every case; the vector is None where it is missing or another model's."""
    rows = conn.execute(sa.select(cases).order_by(cases.c.id))
    return [Case(row.id, row.text, row.vector if row.model == model else None) for row in rows]


def save_vectors(conn: sa.Connection, vectors: Mapping[int, bytes], model: str) -> None:
    """Keep the vectors that this embedding model made."""
    for case_id, vector in vectors.items():
        conn.execute(cases.update().where(cases.c.id == case_id).values(vector=vector, model=model))


def proven_before(conn: sa.Connection, moment: dt.datetime) -> list[int]:
    """Cases whose fix was first found before `moment`, ordered by id."""
    query = sa.select(cases.c.id).join(fixes, fixes.c.id == cases.c.fix_id)
    return list(conn.execute(query.where(fixes.c.created_at < moment.timestamp()).order_by(cases.c.id)).scalars())


def fixes_of(conn: sa.Connection, ids: Iterable[int]) -> dict[int, tuple[str, Fix]]:
    """Finding id and fix of each case."""
    query = (
        sa.select(cases.c.id, fixes.c.finding_id, fixes.c.data)
        .join(fixes, fixes.c.id == cases.c.fix_id)
        .where(cases.c.id.in_(list(ids)))
    )
    return {row.id: (row.finding_id, _decode_fix(row.data)) for row in conn.execute(query)}
