"""Training examples, and which of them no model has learned from yet."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

import msgspec
import sqlalchemy as sa

from daemon.domain.example import Example
from daemon.store.tables.results import examples
from daemon.store.upsert import insert_new

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Example).decode


def add(conn: sa.Connection, made: Iterable[Example]) -> None:
    """Add examples; one that is there already stays as it is."""
    now = time.time()
    rows = {
        example.id: {
            "id": example.id,
            "stage": str(example.stage),
            "cluster": example.cluster,
            "finding_id": example.finding_id,
            "score": example.score,
            "created_at": now,
            "data": _encode(example),
        }
        for example in made
    }
    insert_new(conn, examples, list(rows.values()))


def load(conn: sa.Connection) -> list[Example]:
    """All of them, in the order of their ids, so that the same examples always train alike."""
    return [_decode(data) for data in conn.execute(sa.select(examples.c.data).order_by(examples.c.id)).scalars()]


def untrained(conn: sa.Connection) -> int:
    """How many no release has learned from."""
    query = sa.select(sa.func.count()).select_from(examples).where(examples.c.trained_in.is_(None))
    number: int = conn.execute(query).scalar_one()
    return number


def mark_trained(conn: sa.Connection, ids: Sequence[str], release: str) -> None:
    """Record that this release learned from them, where none had before."""
    for start in range(0, len(ids), 500):
        chunk = examples.c.id.in_(ids[start : start + 500])
        conn.execute(examples.update().where(chunk, examples.c.trained_in.is_(None)).values(trained_in=release))


def counts(conn: sa.Connection) -> dict[str, int]:
    """How many there are of each stage."""
    query = sa.select(examples.c.stage, sa.func.count()).group_by(examples.c.stage)
    return {row.stage: row[1] for row in conn.execute(query)}
