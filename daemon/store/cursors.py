"""How far the poller has come: repositories, their uploads, the tokens' pauses, the watched folders' files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from daemon.domain.upload import Upload
from daemon.store.tables.poll import poll_repositories, poll_tokens, poll_uploads, watched_files
from daemon.store.upsert import insert_new, upsert

_MANY_ATTEMPTS = 5
"""Failed attempts after which a person should hear of an upload."""

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Upload).decode


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """How far one repository has been looked at. Times are seconds since 1970, UTC."""

    repository: str
    etag: str | None = None
    """Of the list's first page, as the token of fingerprint `etag_token` was given it."""
    etag_token: str | None = None
    floor: float | None = None
    """Nothing older is fetched, by GitHub's clock; None until the first look."""
    newest: float | None = None
    """When the newest upload seen was made, by GitHub's clock."""
    walked_at: float | None = None
    """When the list was last walked without relying on an ETag."""
    polled_at: float | None = None
    succeeded_at: float | None = None
    not_before: float = 0.0
    failures: int = 0
    """In succession."""
    reason: str | None = None
    """Why the last look failed."""


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """An upload that is yet to be fetched."""

    repository: str
    upload: Upload
    attempts: int
    not_before: float


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """What GitHub said about one token."""

    fingerprint: str
    not_before: float = 0.0
    reason: str | None = None
    refusals: int = 0
    """Rate limits in succession."""
    remaining: int | None = None
    budget: int | None = None


class PollView(msgspec.Struct, frozen=True, kw_only=True):
    """What `secaid status` tells of one repository."""

    repository: str
    polled_at: float | None
    succeeded_at: float | None
    failures: int
    reason: str | None
    uploads: dict[str, int]
    """State → how many."""


def cursor(conn: sa.Connection, repository: str) -> Cursor:
    """The repository's cursor; a new one where it was never looked at."""
    row = conn.execute(sa.select(poll_repositories).where(poll_repositories.c.repository == repository)).one_or_none()
    return Cursor(**row._mapping) if row else Cursor(repository=repository)


def save(conn: sa.Connection, changed: Cursor) -> None:
    """Write the cursor."""
    row = msgspec.structs.asdict(changed)
    upsert(conn, poll_repositories, [row], update=[name for name in row if name != "repository"])


def try_now(conn: sa.Connection, repositories: Collection[str]) -> None:
    """Let them be looked at in the next round, although the last look failed: a person has mended something.
    GitHub's own pauses stand.
    """
    c = poll_repositories.c
    conn.execute(poll_repositories.update().where(c.repository.in_(repositories)).values(not_before=0.0))


def discover(conn: sa.Connection, repository: str, uploads: Iterable[Upload], *, at: float) -> None:
    """Remember uploads that were listed at `at` and are to be fetched; those known already stay as they are."""
    rows = [
        {
            "repository": repository,
            "upload_id": upload.id,
            "created_at": upload.at or at,
            "state": "pending",
            "data": _encode(upload),
        }
        for upload in uploads
    ]
    insert_new(conn, poll_uploads, rows)


def pending(conn: sa.Connection, repository: str, now: float, *, longest: float) -> list[Pending]:
    """The repository's uploads that may be fetched now, oldest first.

    `longest`: the most seconds that any was put off; one that has to wait for more was put off by a wrong clock.
    """
    c = poll_uploads.c
    due = sa.or_(c.not_before <= now, c.not_before > now + longest)
    return _pending(conn, sa.and_(c.repository == repository, due))


def all_pending(conn: sa.Connection) -> list[Pending]:
    """Every upload that is yet to be fetched."""
    return _pending(conn, sa.true())


def _pending(conn: sa.Connection, which: sa.ColumnElement[bool]) -> list[Pending]:
    c = poll_uploads.c
    rows = conn.execute(
        sa.select(c.repository, c.data, c.attempts, c.not_before)
        .where(c.state == "pending", which)
        .order_by(c.created_at, c.upload_id)
    )
    return [
        Pending(repository=repository, upload=_decode(data), attempts=attempts, not_before=not_before)
        for repository, data, attempts, not_before in rows
    ]


def settle(conn: sa.Connection, one: Pending, state: str, reason: str | None = None) -> bool:
    """A pending upload is `fetched`, `expired` or `refused` for good; False when somebody else settled it before."""
    return _change(conn, one, {"state": state, "reason": reason})


def postpone(conn: sa.Connection, one: Pending, until: float, reason: str) -> None:
    """An attempt to fetch it failed; try again at `until`."""
    _change(conn, one, {"attempts": one.attempts + 1, "not_before": until, "reason": reason})


def _change(conn: sa.Connection, one: Pending, values: Mapping[str, Any]) -> bool:
    c = poll_uploads.c
    this = sa.and_(c.repository == one.repository, c.upload_id == one.upload.id, c.state == "pending")
    return bool(conn.execute(poll_uploads.update().where(this).values(values)).rowcount)


def forget(conn: sa.Connection, repository: str, older_than: float) -> None:
    """Delete the settled uploads that GitHub does not list any more."""
    c = poll_uploads.c
    old = sa.and_(c.repository == repository, c.created_at < older_than, c.state != "pending")
    conn.execute(poll_uploads.delete().where(old))


def pause(conn: sa.Connection, fingerprint: str) -> Pause | None:
    """What is known of the token; None for one that was never used."""
    return pauses(conn, (fingerprint,)).get(fingerprint)


def pauses(conn: sa.Connection, fingerprints: Collection[str]) -> dict[str, Pause]:
    """What is known of these tokens; those that were never used are left out."""
    rows = conn.execute(sa.select(poll_tokens).where(poll_tokens.c.fingerprint.in_(fingerprints)))
    return {row.fingerprint: Pause(**row._mapping) for row in rows}


def save_pause(conn: sa.Connection, changed: Pause) -> None:
    """Write what is known of the token."""
    row = msgspec.structs.asdict(changed)
    upsert(conn, poll_tokens, [row], update=[name for name in row if name != "fingerprint"])


def views(conn: sa.Connection) -> list[PollView]:
    """Every repository that was ever looked at."""
    counted: dict[str, dict[str, int]] = {}
    c = poll_uploads.c
    for repository, state, number in conn.execute(
        sa.select(c.repository, c.state, sa.func.count()).group_by(c.repository, c.state)
    ):
        counted.setdefault(repository, {})[state] = number
    r = poll_repositories.c
    rows = conn.execute(
        sa.select(r.repository, r.polled_at, r.succeeded_at, r.failures, r.reason).order_by(r.repository)
    )
    return [PollView(**row._mapping, uploads=counted.get(row.repository, {})) for row in rows]


def attention(conn: sa.Connection, now: float) -> list[str]:
    """What of the poller needs a person; each sentence says what to do."""
    said = [
        f"{view.repository} could not be polled {view.failures} times in succession: {view.reason}"
        for view in views(conn)
        if view.failures > 1
    ]
    c = poll_uploads.c
    stuck = conn.execute(
        sa.select(c.repository, c.upload_id, c.attempts, c.reason)
        .where(c.state == "pending", c.attempts >= _MANY_ATTEMPTS)
        .order_by(c.attempts.desc())
        .limit(5)
    )
    said += [
        f"artifact {id_} of {repository} could not be fetched {attempts} times, and is tried on: {reason}"
        for repository, id_, attempts, reason in stuck
    ]
    refused = conn.execute(
        sa.select(c.repository, c.upload_id, c.reason)
        .where(c.state == "refused", c.created_at > now - 14 * 86_400)
        .order_by(c.created_at.desc())
        .limit(5)
    )
    said += [f"artifact {id_} of {repository} was not taken: {reason}" for repository, id_, reason in refused]
    f = watched_files.c
    dropped = conn.execute(
        sa.select(f.path, f.reason).where(f.state == "refused", f.at > now - 14 * 86_400).order_by(f.at.desc()).limit(5)
    )
    return [*said, *(f"{path} was not taken: {reason}" for path, reason in dropped)]


def seen(conn: sa.Connection) -> dict[str, str]:
    """Watched path → the signature it had when it was taken or refused."""
    rows = conn.execute(sa.select(watched_files.c.path, watched_files.c.signature))
    return {row.path: row.signature for row in rows}


def see(conn: sa.Connection, path: str, signature: str, *, at: float, refused: str | None = None) -> None:
    """A watched path was taken, or refused for a reason."""
    row = {
        "path": path,
        "signature": signature,
        "state": "refused" if refused else "taken",
        "reason": refused,
        "at": at,
    }
    upsert(conn, watched_files, [row], update=["signature", "state", "reason", "at"])
