"""An upload: an artifact as GitHub lists it, before its bytes are here."""

from __future__ import annotations

import datetime as dt

import msgspec


class WorkflowRun(msgspec.Struct, frozen=True, kw_only=True):
    """The run that uploaded it; GitHub gives each of these, or none."""

    id: int | None = None
    repository_id: int | None = None
    head_repository_id: int | None = None
    head_branch: str | None = None
    head_sha: str | None = None


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of GitHub's list of a repository's artifacts."""

    id: int
    name: str
    size_in_bytes: int
    expired: bool
    created_at: dt.datetime | None
    digest: str | None = None
    """`sha256:…` of the bytes that a download gives; older uploads have none."""
    workflow_run: WorkflowRun | None = None

    @property
    def at(self) -> float:
        """Seconds since 1970 by GitHub's clock; 0 where it does not tell."""
        return self.created_at.timestamp() if self.created_at else 0.0

    @property
    def branch(self) -> str | None:
        """The branch of the run. One of a fork is named so: a stranger's `main` is not this repository's."""
        run = self.workflow_run
        if run is None or run.head_branch is None:
            return None
        if run.head_repository_id is not None and run.head_repository_id != run.repository_id:
            return f"fork-{run.head_repository_id}:{run.head_branch}"
        return run.head_branch

    @property
    def commit(self) -> str | None:
        """The commit that the run looked at."""
        return self.workflow_run.head_sha if self.workflow_run else None
