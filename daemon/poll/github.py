"""Polls GitHub. consumes repositories' lists of artifacts → produces stored artifacts with their analysis jobs.

Two transactions carry each upload. The first records what a walk of the list found, together with how far
the walk came; the second, once the bytes are here, the artifact, its job, and that the upload is settled.
Whatever ends this process in between, nothing is lost and nothing is done twice.
"""

from __future__ import annotations

import contextlib
import fnmatch
import random
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from daemon import events
from daemon.domain.artifact import ArtifactOrigin
from daemon.domain.upload import Upload
from daemon.errors import Permanent, Retryable, SecaidError, StoreUnavailable, Unavailable
from daemon.masking import mask
from daemon.poll import listing
from daemon.poll.alone import alone
from daemon.poll.api import Limited, NotFound, TokenInvalid, UploadExpired
from daemon.poll.download import Downloader, Stopped
from daemon.poll.enqueue import Provenance, keep, record
from daemon.poll.gate import Gate
from daemon.settings import Repository, Settings
from daemon.storage import Storage
from daemon.store import cursors
from daemon.store.cursors import Cursor, Pending
from daemon.store.engine import Store

_DAY = 86_400.0
_LOOK_BACK = 2 * _DAY
"""An upload is listed when it is complete, under the time when it was begun, which may be long before: a walk
goes back this much further. What it meets again is known by its id. More than `_TRUST_ETAG` and the longest upload."""
_TRUST_ETAG = _DAY
"""Once a day the list is walked whatever its ETag says."""
_FOUND = 302
_SHORTEST = 60.0
_LONGEST_LOOK = 1800.0
_LONGEST_FETCH = 6 * 3600.0
_GONE_ATTEMPTS = 3
"""Attempts after which an upload that GitHub listed and does not find any more counts as deleted."""
_RETENTION = 400 * _DAY
"""GitHub keeps no artifact longer: as long, its row says that it was settled."""
_TOKEN_SECONDS = 900.0
"""How long a token that GitHub does not accept is not shown to it again. A new one is tried at once."""
_SOURCE_ATTEMPTS = 3
"""Attempts that wait for the scanned commit's source; after them the artifact is taken without it."""

Source = Callable[[Repository, str], str | None]
"""Repository and commit → a checkout that holds it, or None where the mirror does."""


class Poller:
    """Looks at every configured repository, once per `poll`."""

    def __init__(
        self,
        store: Store,
        storage: Storage,
        settings: Settings,
        staging: Path,
        *,
        token: Callable[[], str | None],
        source: Source | None = None,
        now: Callable[[], float] = time.time,
        stopping: Callable[[], bool] = lambda: False,
        seconds_between_requests: float = 0.25,
    ) -> None:
        """`token` is asked at each round, so that a new one needs no restart; `stopping`, whether to end early."""
        self._store = store
        self._storage = storage
        self._settings = settings.poll
        self._staging = staging
        self._source = source
        self._now = now
        self._stopping = stopping
        self._swept = False
        url = settings.poll.api_url
        self._gate = Gate(store, url, token=token, now=now, seconds_between_requests=seconds_between_requests)
        self._downloads = Downloader(
            staging / "downloads",
            most_bytes=settings.limits.archive_bytes,
            secure=url.startswith("https://"),
            stopping=stopping,
        )

    @property
    def received(self) -> int:
        """Bytes downloaded so far."""
        return self._downloads.received

    @property
    def shut_because(self) -> str | None:
        """Why GitHub may not be asked now, where it may not."""
        return self._gate.shut_because

    def close(self) -> None:
        """Close the connections."""
        self._downloads.close()
        self._gate.close()

    def poll(self) -> float:
        """One round; how many seconds to stay away before the next one.

        Raises:
            Unavailable: there is no token, or another process of this machine is polling.
            StoreUnavailable: what was found cannot be written; nothing is lost.
        """
        with alone(self._staging / "poll.lock"):
            new_token = self._gate.open()
            self._sweep()
            with contextlib.suppress(Limited, Stopped):
                for repository in self._settings.repositories:
                    if not self._gate.shut_for and not self._stopping():
                        self._round(repository, anyway=new_token)
            self._gate.remember()
            return max(float(self._settings.interval_seconds), self._gate.shut_for)

    def _sweep(self) -> None:
        """Once: what a killed process left behind."""
        if self._swept:
            return
        with self._store.read() as conn:
            wanted = cursors.all_pending(conn)
        self._downloads.keep_only((one.repository, one.upload) for one in wanted)
        self._swept = True

    def _round(self, repository: Repository, *, anyway: bool) -> None:
        with self._store.read() as conn:
            cursor = cursors.cursor(conn, repository.name)
        # A moment further away than any that is written here: somebody has set the clock back since.
        if 0 < cursor.not_before - self._now() <= _LONGEST_LOOK and not anyway:
            return
        try:
            self._look(repository, cursor)
            for one in self._pending(repository):
                if not self._stopping():
                    self._attempt(repository, one)
        except (Limited, Stopped, StoreUnavailable):
            raise
        except SecaidError as error:
            self._failed(cursor, error)
            if isinstance(error, TokenInvalid):
                self._gate.distrust(_TOKEN_SECONDS, mask(str(error)))

    def _look(self, repository: Repository, cursor: Cursor) -> None:
        """Walk the list, and commit what it holds together with how far the walk came."""
        now = self._now()
        path = f"/repos/{repository.name}/actions/artifacts"
        trusted = cursor.etag_token == self._gate.fingerprint and abs(now - (cursor.walked_at or 0.0)) < _TRUST_ETAG
        found = listing.newest(
            lambda page, etag: self._gate.ask(path, {"per_page": listing.PER_PAGE, "page": page}, etag),
            lambda server_now: self._horizon(cursor, server_now),
            etag=cursor.etag if trusted else None,
            now=now,
        )
        well = msgspec.structs.replace(cursor, polled_at=now, succeeded_at=now, not_before=0.0, failures=0, reason=None)
        with self._store.begin() as conn:
            if found is None:
                cursors.save(conn, well)
                return
            horizon = self._horizon(cursor, found.at)
            wanted = [upload for upload in found.uploads if _since(upload, horizon) and _wanted(repository, upload)]
            cursors.discover(conn, repository.name, wanted, at=found.at)
            cursors.save(conn, self._advanced(well, found, horizon))
            cursors.forget(conn, repository.name, found.at - _RETENTION)
        events.emit("repository.polled", repository=repository.name, listed=len(found.uploads), wanted=len(wanted))

    def _horizon(self, cursor: Cursor, server_now: float) -> float:
        """How far back to look, by GitHub's clock."""
        floor = server_now - self._settings.backfill_days * _DAY if cursor.floor is None else cursor.floor
        return floor if cursor.newest is None else max(floor, cursor.newest - _LOOK_BACK)

    def _advanced(self, cursor: Cursor, found: listing.Listing, horizon: float) -> Cursor:
        cursor = msgspec.structs.replace(cursor, floor=horizon if cursor.floor is None else cursor.floor)
        if not found.complete:
            # The list never stood still: what was seen is kept, and the next walk goes back as far as this one.
            return msgspec.structs.replace(cursor, etag=None)
        # Never back, where the newest were deleted; never into the future.
        times = [min(upload.at, found.at) for upload in found.uploads if upload.created_at]
        newest = max([*times, *([] if cursor.newest is None else [cursor.newest])], default=None)
        return msgspec.structs.replace(
            cursor, etag=found.etag, etag_token=self._gate.fingerprint, newest=newest, walked_at=self._now()
        )

    def _pending(self, repository: Repository) -> list[Pending]:
        with self._store.read() as conn:
            return cursors.pending(conn, repository.name, self._now(), longest=_LONGEST_FETCH)

    def _attempt(self, repository: Repository, one: Pending) -> None:
        """Try to fetch one upload; every way it can end is written down."""
        try:
            self._fetch(repository, one)
        except UploadExpired as error:
            self._settle(one, "expired", str(error))
        except Permanent as error:
            self._settle(one, "refused", str(error))
        except (Limited, Stopped, StoreUnavailable, TokenInvalid):
            raise
        except NotFound as error:
            # The list was read just now: it is not the repository that this token may not see.
            if one.attempts >= _GONE_ATTEMPTS:
                self._settle(one, "expired", str(error))
            else:
                self._postpone(one, error)
        except (Retryable, Unavailable) as error:
            self._postpone(one, error)

    def _fetch(self, repository: Repository, one: Pending) -> None:
        upload = one.upload
        fetched = self._downloads.fetch(one.repository, upload, lambda wanted: self._mint(one.repository, wanted))
        provenance = Provenance(
            origin=ArtifactOrigin.GITHUB,
            repository=one.repository,
            commit=upload.commit,
            branch=upload.branch,
            source=self._find_source(repository, one),
            run_id=upload.workflow_run.id if upload.workflow_run else None,
            external_id=str(upload.id),
        )
        kept = keep(self._storage, self._staging, fetched.file, name=upload.name, called=fetched.name)
        with self._store.begin() as conn:
            # Another poller of this database may have been quicker.
            ingested = record(conn, kept, provenance) if cursors.settle(conn, one, "fetched") else None
        self._downloads.discard(one.repository, upload)
        if ingested:
            events.emit("artifact.fetched", repository=one.repository, artifact=ingested.artifact_id, bytes=kept.size)

    def _mint(self, repository: str, upload: Upload) -> str:
        """A download address, good for a minute: asked for anew at each attempt."""
        answer = self._gate.ask(f"/repos/{repository}/actions/artifacts/{upload.id}/zip")
        address = answer.headers.get("location")
        if answer.status != _FOUND or not address:
            message = f"GitHub answers {answer.status} instead of a download address for artifact {upload.id}"
            raise Retryable(message)
        return address

    def _find_source(self, repository: Repository, one: Pending) -> str | None:
        if self._source is None or not one.upload.commit:
            return None
        try:
            return self._source(repository, one.upload.commit)
        except Retryable as error:
            if one.attempts < _SOURCE_ATTEMPTS:
                raise
            events.emit("source.missing", level="warning", repository=one.repository, reason=str(error))
        except Unavailable as error:
            events.emit("source.missing", level="warning", repository=one.repository, reason=str(error))
        return None

    def _settle(self, one: Pending, state: str, reason: str) -> None:
        with self._store.begin() as conn:
            cursors.settle(conn, one, state, mask(reason))
        self._downloads.discard(one.repository, one.upload)
        events.emit(
            "artifact.given-up", level="warning", repository=one.repository, upload=one.upload.id, reason=reason
        )

    def _postpone(self, one: Pending, error: SecaidError) -> None:
        until = self._now() + _backoff(one.attempts, _LONGEST_FETCH)
        with self._store.begin() as conn:
            cursors.postpone(conn, one, until, mask(str(error)))
        events.emit("artifact.delayed", repository=one.repository, upload=one.upload.id, reason=str(error))

    def _failed(self, cursor: Cursor, error: SecaidError) -> None:
        """Leave this repository alone for a while, and the others not."""
        now = self._now()
        with self._store.begin() as conn:
            # As it is by now: the walk may have gone well before something else failed.
            current = cursors.cursor(conn, cursor.repository)
            failures = cursor.failures + 1
            until = now + _backoff(failures - 1, _LONGEST_LOOK)
            changed = msgspec.structs.replace(
                current, polled_at=now, failures=failures, not_before=until, reason=mask(str(error))
            )
            cursors.save(conn, changed)
        events.emit("repository.failed", level="warning", repository=cursor.repository, reason=str(error))


def _since(upload: Upload, horizon: float) -> bool:
    """Whether it is not older than that; one that has no date is taken."""
    return upload.created_at is None or upload.at >= horizon


def _wanted(repository: Repository, upload: Upload) -> bool:
    """Whether the upload is still there and matches the configured names and branches."""
    if upload.expired or not any(fnmatch.fnmatchcase(upload.name, pattern) for pattern in repository.artifacts):
        return False
    branch = upload.branch or ""
    return not repository.branches or any(fnmatch.fnmatchcase(branch, pattern) for pattern in repository.branches)


def _backoff(failures: int, longest: float) -> float:
    """Seconds: doubled with each failure, spread over the upper half, never under a minute."""
    most = min(longest, _SHORTEST * 2.0 ** min(failures + 1, 20))
    return random.uniform(max(_SHORTEST, most / 2), most)  # noqa: S311 - spreads retries, protects nothing
