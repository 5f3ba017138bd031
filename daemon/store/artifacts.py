"""Artifacts, their reports, and the account of every raw row."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator

import msgspec
import sqlalchemy as sa

from daemon.domain.artifact import Artifact, ArtifactOrigin
from daemon.domain.scan import FileAccount
from daemon.store.tables.results import artifacts, report_rows, reports
from daemon.store.upsert import insert_new


class NewArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact before the database has given it an id."""

    name: str
    origin: ArtifactOrigin
    sha256: str
    size: int
    stored_at: str
    repository: str | None = None
    commit: str | None = None
    branch: str | None = None
    source: str | None = None
    run_id: int | None = None
    external_id: str | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One file of one artifact, in numbers."""

    artifact: str
    path: str
    state: str
    tool: str | None
    rows: int
    kept: int
    duplicates: int
    ignored: int
    reason: str | None


def add(conn: sa.Connection, new: NewArtifact) -> tuple[int, bool]:
    """Its id, and whether it is new: the same upload twice is one artifact."""
    values = {
        "name": new.name,
        "sha256": new.sha256,
        "repository": new.repository or "",
        "external_id": new.external_id or "",
        "commit_sha": new.commit or "",
    }
    same = sa.and_(*(artifacts.c[name] == value for name, value in values.items()))
    found = conn.execute(sa.select(artifacts.c.id).where(same)).scalar()
    if found is not None:
        return found, False
    row = values | {
        "origin": str(new.origin),
        "size": new.size,
        "stored_at": new.stored_at,
        "branch": new.branch or "",
        "source": new.source,
        "run_id": new.run_id,
        "created_at": time.time(),
    }
    inserted: int = conn.execute(artifacts.insert().values(row).returning(artifacts.c.id)).scalar_one()
    return inserted, True


def get(conn: sa.Connection, artifact_id: int) -> Artifact:
    """The artifact of that id.

    Raises:
        KeyError: there is none.
    """
    row = conn.execute(sa.select(artifacts).where(artifacts.c.id == artifact_id)).one_or_none()
    if row is None:
        message = f"there is no artifact {artifact_id}"
        raise KeyError(message)
    return Artifact(
        id=row.id,
        name=row.name,
        origin=ArtifactOrigin(row.origin),
        sha256=row.sha256,
        size=row.size,
        stored_at=row.stored_at,
        repository=row.repository or None,
        commit=row.commit_sha or None,
        branch=row.branch or None,
        source=row.source,
        run_id=row.run_id,
        external_id=row.external_id or None,
        created_at=dt.datetime.fromtimestamp(row.created_at, dt.UTC),
    )


def save_accounts(conn: sa.Connection, artifact_id: int, files: Iterable[FileAccount]) -> None:
    """Replace the account of this artifact's files; running the job again changes nothing."""
    conn.execute(reports.delete().where(reports.c.artifact_id == artifact_id))
    for file in files:
        report_id: int = conn.execute(
            reports.insert()
            .values(
                artifact_id=artifact_id,
                path=file.path,
                state=str(file.state),
                tool=file.tool,
                tool_version=file.tool_version,
                format=file.format,
                row_count=len(file.rows),
                reason=file.reason,
            )
            .returning(reports.c.id)
        ).scalar_one()
        insert_new(conn, report_rows, [_row(report_id, file, number) for number in range(len(file.rows))])


def _row(report_id: int, file: FileAccount, number: int) -> dict[str, object]:
    row = file.rows[number]
    return {
        "report_id": report_id,
        "row_index": row.index,
        "raw_sha256": row.raw_sha256,
        "disposition": str(row.disposition),
        "finding_id": row.finding_id,
        "reason": row.reason,
    }


def accounts(conn: sa.Connection, artifact_ids: Iterable[int] | None = None) -> Iterator[Account]:
    """Every file of the artifacts (all of them by default), in the order they came."""
    counted = {
        name: sa.func.count().filter(report_rows.c.disposition == name).label(name)
        for name in ("kept", "duplicate", "ignored")
    }
    query = (
        sa.select(artifacts.c.name, reports, *counted.values())
        .join(artifacts, artifacts.c.id == reports.c.artifact_id)
        .outerjoin(report_rows, report_rows.c.report_id == reports.c.id)
        .group_by(artifacts.c.id, artifacts.c.name, *reports.c)
        .order_by(artifacts.c.id, reports.c.path)
    )
    if artifact_ids is not None:
        query = query.where(artifacts.c.id.in_(list(artifact_ids)))
    for row in conn.execute(query):
        yield Account(
            artifact=row.name,
            path=row.path,
            state=row.state,
            tool=row.tool,
            rows=row.row_count,
            kept=row.kept,
            duplicates=row.duplicate,
            ignored=row.ignored,
            reason=row.reason,
        )
