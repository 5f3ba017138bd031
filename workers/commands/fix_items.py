"""Findings with their fixes, for one call: what may be written, and what the project's own tests passed with."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from daemon.domain.fix import Level
from workers.commands.backup import Backups
from workers.repair.item import Item
from workers.repair.rounds import Settled


def writable(item: Item, backups: Backups) -> Item:
    """The item without the fixes of files that nobody may write: they would stop those of all others."""
    paths = sorted({path for fix in item.verified for path in fix.candidate.paths})
    closed = [path for path in paths if backups.protected(path)]
    if not closed:
        return item
    fixes = tuple(fix for fix in item.fixes if not set(fix.candidate.paths) & set(closed))
    verified = any(fix.verdict.verified for fix in fixes)
    reason = None if verified else f"{closed[0]} is write-protected: `chmod u+w` it first"
    return msgspec.structs.replace(item, fixes=fixes, reason=reason)


def at_level(item: Item, settled: Settled, files: Iterable[str]) -> Item:
    """The item, its fix at L4 where that was applied to the files with which the tests passed."""
    passed = set(files)
    tried = [one.fix.candidate for one in settled.chosen if one.item.id == item.id]
    applied = {candidate.edits for candidate in tried if set(candidate.paths) <= passed}
    fixes = tuple(
        msgspec.structs.replace(fix, verdict=msgspec.structs.replace(fix.verdict, level=Level.TESTED))
        if fix.candidate.edits in applied
        else fix
        for fix in item.fixes
    )
    failed = tried and not applied
    reason = f"{tried[0].approach}: the project's tests fail with the fixes of its files" if failed else item.reason
    return msgspec.structs.replace(item, fixes=fixes, reason=reason)
