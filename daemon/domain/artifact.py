"""An artifact: what one CI run uploaded, or what a person handed over."""

from __future__ import annotations

import datetime as dt
import enum

import msgspec


class ArtifactOrigin(enum.StrEnum):
    """Where an artifact came from."""

    GITHUB = "github"
    FOLDER = "folder"
    MANUAL = "manual"


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """One uploaded artifact, kept as the bytes that arrived."""

    id: int
    name: str
    origin: ArtifactOrigin
    sha256: str
    """Of the stored zip, or of the canonical listing of a folder."""
    size: int
    """Bytes."""
    stored_at: str
    """Key in the artifact storage."""
    repository: str | None = None
    """`owner/name` on GitHub."""
    commit: str | None = None
    """The scanned commit; full or abbreviated SHA."""
    branch: str | None = None
    source: str | None = None
    """A local checkout that holds `commit`."""
    run_id: int | None = None
    external_id: str | None = None
    """GitHub's artifact id; unique within a repository."""
    created_at: dt.datetime
