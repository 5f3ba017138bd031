"""Every error secaid raises on purpose.

::

    SecaidError
    ├── Unavailable            cannot run here or now; not a failure of the work (exit 3, job waits)
    │   ├── ScannerUnavailable (ScannerStuck: it did not end in its time)
    │   ├── ModelUnavailable
    │   ├── SourceUnavailable
    │   └── StoreUnavailable   the database is locked, full or cannot be reached
    ├── Retryable              the same work may succeed later (job backs off)
    │   └── RateLimited
    ├── Permanent              the same work can never succeed (job is dead at once)
    │   ├── ArtifactRejected   hostile or corrupt archive
    │   ├── ReportBroken       a report that cannot be parsed; never taken for a clean one
    │   ├── UnknownFormat
    │   └── EditConflict       edits that do not apply
    ├── SettingsError          a setting is unknown or of the wrong type (exit 2)
    ├── LostClaim              the lease was lost; nothing of this claim was written
    └── SchemaMismatch         the database is newer or older than this program

`Unavailable`, `Retryable` and `Permanent` are the only verdicts that the job runner maps to a state;
anything else that a job raises is recorded with its traceback and retried like `Retryable`.
"""

from __future__ import annotations

import datetime as dt


class SecaidError(Exception):
    """Base of all of them. The message says what happened, where, and what to do next."""


class Unavailable(SecaidError):
    """Something this work needs is not here: a tool, a model, a file system, a network."""


class ScannerUnavailable(Unavailable):
    """A scanner is not installed, or cannot run on this machine."""


class ScannerStuck(ScannerUnavailable):
    """A scanner did not end in its time."""


class ModelUnavailable(Unavailable):
    """A model's files are missing or cannot be loaded."""


class SourceUnavailable(Unavailable):
    """The scanned commit's source is not to be had."""


class StoreUnavailable(Unavailable):
    """The database is locked by another program, its disk is full, or it cannot be reached."""


class Retryable(SecaidError):
    """It failed in a way that may pass by itself."""

    def __init__(self, message: str, *, not_before: dt.datetime | None = None) -> None:
        super().__init__(message)
        self.not_before = not_before


class RateLimited(Retryable):
    """A server asked to wait until `not_before`."""


class Permanent(SecaidError):
    """The same input will fail the same way for ever."""


class ArtifactRejected(Permanent):
    """An archive broke a bound or names a path outside of itself."""


class ReportBroken(Permanent):
    """A report looked like a known format and could not be decoded as it."""


class UnknownFormat(Permanent):
    """No parser knows this content."""


class EditConflict(Permanent):
    """Edits overlap, or lie outside the file."""


class SettingsError(SecaidError):
    """A settings file or variable has an unknown key or a wrong type."""


class LostClaim(SecaidError):
    """The job's token is no longer the claim's: another worker has it, or it was cancelled."""


class SchemaMismatch(SecaidError):
    """The database's schema and this program's do not belong together."""
