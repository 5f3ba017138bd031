"""Analyses of findings, and the content-addressed cache of the model's replies."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from daemon.domain.analysis import Analysis
from daemon.store.tables.results import analyses, replies
from daemon.store.upsert import insert_new, upsert

_CHUNK = 500
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Analysis).decode


def cached(conn: sa.Connection, keys: Sequence[str]) -> dict[str, Analysis]:
    """Replies already given to these questions, by key."""
    found: dict[str, Analysis] = {}
    for start in range(0, len(keys), _CHUNK):
        query = sa.select(replies.c.key, replies.c.data).where(replies.c.key.in_(keys[start : start + _CHUNK]))
        found.update({row.key: _decode(row.data) for row in conn.execute(query)})
    return found


def remember(conn: sa.Connection, answered: Mapping[str, Analysis]) -> None:
    """Keep replies by key. They are true whoever asked, so no claim guards them."""
    now = time.time()
    rows = [
        {"key": key, "model": answer.model or "", "data": _encode(answer), "created_at": now}
        for key, answer in answered.items()
    ]
    insert_new(conn, replies, rows)


def save(conn: sa.Connection, made: Mapping[str, Analysis]) -> None:
    """Save the analysis of each finding id, over an older one."""
    rows = [
        {"finding_id": finding_id, "source": str(analysis.source), "data": _encode(analysis)}
        for finding_id, analysis in made.items()
    ]
    upsert(conn, analyses, rows, update=("source", "data"))


def load(conn: sa.Connection, ids: Sequence[str]) -> dict[str, Analysis]:
    """The analyses of these findings, by finding id."""
    found: dict[str, Analysis] = {}
    for start in range(0, len(ids), _CHUNK):
        query = sa.select(analyses).where(analyses.c.finding_id.in_(ids[start : start + _CHUNK]))
        found.update({row.finding_id: _decode(row.data) for row in conn.execute(query)})
    return found
