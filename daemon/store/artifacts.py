"""Artifacts, their reports, and the account of every raw row."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec
import sqlalchemy as sa

from daemon.domain.artifact import Artifact, ArtifactOrigin
from daemon.domain.scan import Disposition, FileAccount, ReportState, RowAccount
from daemon.store.tables.results import artifacts, moved_files, report_rows, reports
from daemon.store.upsert import insert_if_new, insert_new, upsert


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
    row = values | {
        "origin": str(new.origin),
        "size": new.size,
        "stored_at": new.stored_at,
        "branch": new.branch or "",
        "source": new.source,
        "run_id": new.run_id,
        "created_at": time.time(),
    }
    inserted = insert_if_new(conn, artifacts, row)
    if inserted is not None:
        return inserted, True
    same = sa.and_(*(artifacts.c[name] == value for name, value in values.items()))
    found: int = conn.execute(sa.select(artifacts.c.id).where(same)).scalar_one()
    return found, False


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
        fates = Counter(row.disposition for row in file.rows)
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
                kept=fates[Disposition.KEPT],
                duplicates=fates[Disposition.DUPLICATE],
                ignored=fates[Disposition.IGNORED],
                reason=file.reason,
            )
            .returning(reports.c.id)
        ).scalar_one()
        insert_new(conn, report_rows, [_row(report_id, row) for row in file.rows])


def _row(report_id: int, row: RowAccount) -> dict[str, object]:
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
    query = (
        sa.select(artifacts.c.name, reports)
        .join(artifacts, artifacts.c.id == reports.c.artifact_id)
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
            duplicates=row.duplicates,
            ignored=row.ignored,
            reason=row.reason,
        )


def account(conn: sa.Connection, artifact_id: int) -> Iterator[FileAccount]:
    """Every file of one artifact with each of its raw rows, as they were saved."""
    query = sa.select(reports).where(reports.c.artifact_id == artifact_id).order_by(reports.c.path)
    for file in conn.execute(query).all():
        yield FileAccount(
            path=file.path,
            state=ReportState(file.state),
            tool=file.tool,
            tool_version=file.tool_version,
            format=file.format,
            reason=file.reason,
            rows=tuple(_rows(conn, file.id)),
        )


def _rows(conn: sa.Connection, report_id: int) -> Iterator[RowAccount]:
    query = sa.select(report_rows).where(report_rows.c.report_id == report_id).order_by(report_rows.c.row_index)
    for row in conn.execute(query):
        yield RowAccount(row.row_index, row.raw_sha256, Disposition(row.disposition), row.finding_id, row.reason)


def commit_before(conn: sa.Connection, artifact: Artifact) -> str | None:
    """The commit of the repository's newest earlier artifact that is of another commit."""
    earlier = (artifacts.c.repository == (artifact.repository or ""), artifacts.c.id < artifact.id)
    other = artifacts.c.commit_sha.not_in(["", artifact.commit or ""])
    query = sa.select(artifacts.c.commit_sha).where(*earlier, other).order_by(artifacts.c.id.desc()).limit(1)
    commit: str | None = conn.execute(query).scalar()
    return commit


def first_paths(conn: sa.Connection, repository: str) -> dict[str, str]:
    """Path → the path under which its findings were first seen, for every file that git showed to be renamed."""
    query = sa.select(moved_files.c.path, moved_files.c.first_path).where(moved_files.c.repository == repository)
    return {row.path: row.first_path for row in conn.execute(query)}


def save_renames(conn: sa.Connection, repository: str, first: Mapping[str, str]) -> None:
    """Remember where files came from; see `first_paths`."""
    rows = [{"repository": repository, "path": path, "first_path": known} for path, known in first.items()]
    upsert(conn, moved_files, rows, update=("first_path",))
