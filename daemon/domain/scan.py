"""What one artifact came to: its files, each raw row's fate, and the distinct findings."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from daemon.domain.finding import Finding


class ReportState(enum.StrEnum):
    """What became of one file of an artifact."""

    PARSED = "parsed"
    IGNORED = "ignored"
    BROKEN = "broken"


class Disposition(enum.StrEnum):
    """What became of one raw row."""

    KEPT = "kept"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


class RowAccount(msgspec.Struct, frozen=True):
    """One raw row, accounted for."""

    index: int
    raw_sha256: str
    disposition: Disposition
    finding_id: str | None = None
    """The finding it became, or that it repeats."""
    reason: str | None = None
    """Which row it repeats, or why it was ignored."""


class FileAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One file of an artifact, accounted for."""

    path: str
    state: ReportState
    tool: str | None = None
    tool_version: str | None = None
    format: str | None = None
    reason: str | None = None
    rows: tuple[RowAccount, ...] = ()
    complete: bool = True
    """False where the scanner says that its run failed."""


class KeptFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A distinct finding, with the key of the group that one fix should end together."""

    id: str
    finding: Finding
    group: str | None = None
    urgency: float = 0.0
    """0 and up; the greatest is to be looked at first."""
    urgency_reasons: tuple[str, ...] = ()
    """What made it so urgent, in words."""


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """One artifact's files and distinct findings."""

    files: tuple[FileAccount, ...]
    findings: tuple[KeptFinding, ...]
    tools: frozenset[str] = frozenset()
    """Scanners that ran, those that found nothing among them: several may share a file."""
    unread: Mapping[str, frozenset[str]] = {}
    """Tool → files of the repository that it did not read: what it does not report of them may still be there."""

    @property
    def broken(self) -> tuple[FileAccount, ...]:
        """The reports that could not be read."""
        return tuple(file for file in self.files if file.state is ReportState.BROKEN)

    @property
    def complete(self) -> bool:
        """Whether what it does not have is gone, and not merely unread."""
        return not self.broken and all(file.complete for file in self.files)
