"""The poller's rounds: GitHub when it is due, the watched folders in between, and what each came to."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from daemon import events
from daemon.errors import SecaidError, StoreUnavailable
from daemon.masking import mask
from daemon.paths import Paths
from daemon.settings import Settings
from daemon.storage import open_storage
from daemon.store import cursors
from daemon.store.cursors import PollView
from daemon.store.engine import Store

if TYPE_CHECKING:
    from daemon.poll.folder import Folders
    from daemon.poll.github import Poller

_LEAVE_SECONDS = 600.0
"""Rests that are shorter are not worth a new start."""


class Polled(msgspec.Struct, frozen=True, kw_only=True):
    """What one round came to for one repository."""

    repository: str
    taken: int
    """New artifacts that are here, with their jobs."""
    waiting: int
    """Artifacts that could not be fetched yet, and are tried again."""
    problem: str | None


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What one round came to."""

    repositories: tuple[Polled, ...]
    folders: int
    dropped: int
    """Files taken out of the watched folders."""
    problem: str | None
    """Why GitHub could not be asked."""
    next_seconds: float
    """Until GitHub is asked again."""


class Rounds:
    """GitHub when it is due, and the folders."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        paths: Paths,
        stopping: Callable[[], bool],
        *,
        due: float | None = None,
    ) -> None:
        """`due`: when GitHub is to be asked first, by `time.monotonic`; now by default."""
        self._store = store
        self._settings = settings
        self._paths = paths
        self._stopping = stopping
        self._storage = open_storage(settings.storage.url, paths.data)
        self._poller: Poller | None = None
        self._asks_with = "no token"
        self.due_at = (time.monotonic() if due is None else due) if settings.poll.repositories else float("inf")
        self._still = False
        self._folders: Folders | None = None
        if settings.poll.watch:
            from daemon.poll.folder import Folders

            self._folders = Folders(
                store, self._storage, paths.staging, settings.poll.watch, most_bytes=settings.limits.archive_bytes
            )

    @property
    def left(self) -> float:
        """Seconds until GitHub is asked again; infinite without repositories."""
        return max(0.0, self.due_at - time.monotonic())

    @property
    def due(self) -> bool:
        """Whether GitHub is to be asked now."""
        return self.left == 0.0

    def close(self) -> None:
        """Close the connections."""
        if self._poller:
            self._poller.close()

    def ask(self) -> str | None:
        """Ask GitHub about every repository; why that was not possible, if it was not."""
        if not self._settings.poll.repositories:
            return None
        seconds = float(self._settings.poll.interval_seconds)
        try:
            self._poller = self._poller or self._made()
            seconds = self._poller.poll()
        except StoreUnavailable:
            raise
        except SecaidError as error:
            events.emit("poll.failed", level="warning", reason=str(error))
            return mask(str(error))
        finally:
            self.due_at = time.monotonic() + seconds
        return None

    def look(self) -> float | None:
        """Look at the watched folders; seconds until something there may be complete."""
        seconds = self._folders.look() if self._folders else None
        self._still = seconds is None
        return seconds

    @property
    def rests(self) -> bool:
        """Whether there is nothing to do for long, unless something comes into a folder."""
        return self._still and self.left >= _LEAVE_SECONDS

    def views(self) -> dict[str, PollView]:
        """How every repository is, by its name."""
        with self._store.read() as conn:
            return {view.repository: view for view in cursors.views(conn)}

    def told(self, before: Mapping[str, PollView], problem: str | None) -> Round:
        """What this round came to."""
        poll, after = self._settings.poll, self.views()
        return Round(
            repositories=tuple(
                _polled(one.name, before.get(one.name), after.get(one.name)) for one in poll.repositories
            ),
            folders=len(poll.watch),
            dropped=self._folders.taken if self._folders else 0,
            problem=problem,
            next_seconds=self.left if poll.repositories else 0.0,
        )

    def note(self, problem: str | None) -> str:
        """For `secaid status`."""
        if problem:
            return problem
        again = _clock(self.left)
        if self._poller and (reason := self._poller.shut_because):
            return f"GitHub is not asked before {again}: {mask(reason)}"
        return f"asked GitHub at {time.strftime('%H:%M')} with {self._asks_with}, again at {again}"

    def plan(self) -> str:
        """For `secaid status`, before anything was done."""
        poll = self._settings.poll
        if poll.repositories:
            return f"asks GitHub at {_clock(self.left)}"
        return f"looks at {len(poll.watch)} folders" if poll.watch else "nothing to poll: `secaid setup`"

    def _made(self) -> Poller:
        from daemon.mirrors import Mirrors
        from daemon.poll.github import Poller
        from daemon.tokens import find_token

        url = self._settings.poll.api_url

        def token() -> str | None:
            found = find_token(url)
            self._asks_with = f"the token in {found.source}" if found else "no token"
            return found.value if found else None

        return Poller(
            self._store,
            self._storage,
            self._settings,
            self._paths.staging,
            token=token,
            source=Mirrors(self._paths.mirrors, url, token=token).find,
            stopping=self._stopping,
        )


def _polled(name: str, before: PollView | None, after: PollView | None) -> Polled:
    had, has = (view.uploads if view else {} for view in (before, after))
    return Polled(
        repository=name,
        taken=has.get("fetched", 0) - had.get("fetched", 0),
        waiting=has.get("pending", 0),
        problem=after.reason if after else None,
    )


def _clock(seconds: float) -> str:
    return time.strftime("%H:%M", time.localtime(time.time() + seconds))
