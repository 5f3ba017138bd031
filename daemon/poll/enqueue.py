"""An artifact's bytes → its row and its analysis job, in one transaction."""

from __future__ import annotations

from pathlib import Path

import msgspec

from daemon.domain.artifact import ArtifactOrigin
from daemon.domain.job import JobKind, NewJob
from daemon.poll.intake import packed
from daemon.storage import Storage
from daemon.store import artifacts, queue
from daemon.store.artifacts import NewArtifact
from daemon.store.engine import Store, Transaction


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about where an artifact comes from."""

    origin: ArtifactOrigin
    repository: str | None = None
    commit: str | None = None
    branch: str | None = None
    source: str | None = None
    run_id: int | None = None
    external_id: str | None = None


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one artifact."""

    name: str
    sha256: str
    artifact_id: int
    job: int | None
    new: bool


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact whose bytes are in the storage, and which the database does not know yet."""

    name: str
    sha256: str
    size: int
    stored_at: str


def ingest_path(store: Store, storage: Storage, staging: Path, path: Path, provenance: Provenance) -> Ingested:
    """Keep the bytes at `path`, then record the artifact with its job; the same artifact twice gets no second job.

    Raises:
        ArtifactRejected: it cannot be read.
        StorageUnavailable: it cannot be kept.
    """
    kept = keep(storage, staging, path)
    with store.begin() as conn:
        return record(conn, kept, provenance)


def keep(storage: Storage, staging: Path, path: Path, *, name: str | None = None, called: str | None = None) -> Kept:
    """Put the bytes at `path` into the storage, under the artifact's `name` and the file's, where they differ from
    those at `path`.

    Raises:
        ArtifactRejected: it cannot be read.
        StorageUnavailable: it cannot be kept.
    """
    with packed(path, staging, called=called) as artifact:
        storage.put(artifact.key, artifact.file)
        return Kept(name=name or artifact.name, sha256=artifact.sha256, size=artifact.size, stored_at=artifact.key)


def record(conn: Transaction, kept: Kept, provenance: Provenance) -> Ingested:
    """The artifact's row and its analysis job, in the caller's transaction."""
    new = NewArtifact(**msgspec.structs.asdict(kept), **msgspec.structs.asdict(provenance))
    artifact_id, is_new = artifacts.add(conn, new)
    job = queue.enqueue(conn, analysis_job(artifact_id)).id if is_new else None
    return Ingested(name=new.name, sha256=new.sha256, artifact_id=artifact_id, job=job, new=is_new)


def analysis_job(artifact_id: int) -> NewJob:
    """The job that analyses an artifact; one per artifact."""
    payload = {"artifact_id": artifact_id}
    return NewJob(kind=JobKind.ANALYSIS, payload=payload, unique_key=f"analysis:{artifact_id}")
