"""Trained models, their measurements, and which one serves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from daemon.domain.release import Release, ReleaseState
from daemon.store.tables.results import losses, releases
from daemon.store.upsert import upsert

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Release).decode


class Loss(msgspec.Struct, frozen=True):
    """One reported loss, in nats a token; `kind` is `train` or `validation`."""

    stage: str
    iteration: int
    kind: str
    loss: float


def save(conn: sa.Connection, release: Release) -> None:
    """Save a release. Promoting it retires the one that served; at most one is promoted."""
    if release.state is ReleaseState.PROMOTED:
        for other in listing(conn):
            if other.state is ReleaseState.PROMOTED and other.name != release.name:
                _write(conn, msgspec.structs.replace(other, state=ReleaseState.RETIRED))
        release = msgspec.structs.replace(release, promoted_at=dt.datetime.now(dt.UTC))
    _write(conn, release)


def roll_back(conn: sa.Connection, reason: str) -> tuple[Release, Release | None] | None:
    """Take back the one that serves, for what served before it: a release, or None for the base model.

    Returns:
        The two; None where no release serves.
    """
    found = listing(conn)
    serving = next((one for one in found if one.state is ReleaseState.PROMOTED), None)
    if serving is None:
        return None
    _write(conn, msgspec.structs.replace(serving, state=ReleaseState.ROLLED_BACK, reason=reason))
    before = max((one for one in found if one.state is ReleaseState.RETIRED), key=_since, default=None)
    if before is not None:
        _write(conn, msgspec.structs.replace(before, state=ReleaseState.PROMOTED))
    return serving, before


def _since(release: Release) -> dt.datetime:
    return release.promoted_at or release.created_at


def _write(conn: sa.Connection, release: Release) -> None:
    row = {
        "name": release.name,
        "state": str(release.state),
        "created_at": release.created_at.timestamp(),
        "data": _encode(release),
    }
    upsert(conn, releases, [row], update=("state", "created_at", "data"))


def listing(conn: sa.Connection) -> list[Release]:
    """All of them, newest first."""
    query = sa.select(releases.c.data).order_by(releases.c.created_at.desc(), releases.c.name.desc())
    return [_decode(data) for data in conn.execute(query).scalars()]


def serving(conn: sa.Connection, base_model: str) -> Release | None:
    """The promoted release of this base model, by its directory's name; None while the base model itself serves.

    An adapter fits the model it was trained on and no other: whoever sets another base model is served by that one.
    """
    data = conn.execute(sa.select(releases.c.data).where(releases.c.state == "promoted")).scalar()
    release = _decode(data) if data is not None else None
    return release if release and release.base_model == base_model else None


def save_losses(conn: sa.Connection, release: str, reported: Iterable[Loss]) -> None:
    """Keep losses as training reports them; a resumed run overwrites what it repeats."""
    rows = [msgspec.structs.asdict(loss) | {"release": release} for loss in reported]
    upsert(conn, losses, rows, update=("loss",))


def name_losses(conn: sa.Connection, reported_as: str, release: str) -> None:
    """What a job reported before its release had a name is that release's from now on."""
    conn.execute(sa.update(losses).where(losses.c.release == reported_as).values(release=release))


def losses_of(conn: sa.Connection, release: str) -> list[Loss]:
    """The losses of a release, by stage and iteration."""
    query = sa.select(losses).where(losses.c.release == release).order_by(losses.c.stage, losses.c.iteration)
    return [Loss(row.stage, row.iteration, row.kind, row.loss) for row in conn.execute(query)]
