"""A parsed report: every raw row of it, each kept or ignored because of something."""

from __future__ import annotations

import msgspec

from daemon.domain.finding import Finding


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One raw result of a report. Exactly one of `finding` and `ignored` is set."""

    index: int
    """Position in the report, from 0."""
    raw_sha256: str
    """Of the raw record's canonical JSON."""
    finding: Finding | None = None
    ignored: str | None = None
    """Why it is not a finding, as a sentence."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What one file of an artifact said. No rows means a clean scan, not a broken report."""

    tool: str
    tool_version: str | None = None
    format: str
    """The parser's name, e.g. `sarif`, `trivy-json`."""
    path: str
    """Inside the artifact."""
    rows: tuple[Row, ...]
    tools: tuple[str, ...] = ()
    """Every scanner whose run it holds: several may share a SARIF file, and one may have found nothing."""
    scanned: tuple[str, ...] = ()
    """Files the report proves to have been read, where it says so."""
    lists_all: bool = False
    """Whether `scanned` names every file that was read: what is in none of them was not looked at."""
    unread: tuple[str, ...] = ()
    """Files that the scanner says it could not read, or not in full."""
    notes: tuple[str, ...] = ()
    """What the scanner itself said went wrong (parse errors, skipped files)."""
    complete: bool = True
    """False where the scanner says that its run failed: what it does not report may still be there."""
