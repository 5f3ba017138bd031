"""The scanners of this machine, found once in the life of a child process; what they said is kept."""

from __future__ import annotations

from pathlib import Path

from workers.jobs.context import JobContext
from workers.parsers import read
from workers.verify.batch import Scanners
from workers.verify.environments import available
from workers.verify.remembered import RememberedScans
from workers.verify.verifier import Verifier

_found: dict[Path, Scanners] = {}


def here(context: JobContext) -> Scanners:
    """The installed scanners; empty where none is, so that every verdict says so."""
    settings = context.settings.verification
    folder = Path(settings.scanners).expanduser() if settings.scanners else context.paths.scanners
    if folder not in _found:
        tools, _missing = available([folder])
        cache = RememberedScans(context.paths.cache / "scans")
        _found[folder] = Scanners(
            tools, read, timeout=settings.timeout_seconds, parallel=settings.parallel, cache=cache
        )
    return _found[folder]


def verifier(context: JobContext) -> Verifier:
    """A verifier that shares its scanners' answers with the jobs before it."""
    return Verifier(here(context))
