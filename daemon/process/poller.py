"""The poller's process: asks GitHub and looks at the watched folders until it is asked to stop.

What `secaid poll`, the service and `secaid run` have in common. Without repositories it never imports PyGithub, and
a poller that rests for long becomes its own porter (`daemon.process.porter`), which is small.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from daemon import events
from daemon import settings as settings_module
from daemon.errors import SecaidError, StoreUnavailable
from daemon.masking import mask
from daemon.paths import Paths
from daemon.process import doorman, porter
from daemon.process.housekeeping import Housekeeping
from daemon.process.serve import receive
from daemon.process.signals import Stop
from daemon.settings import Settings
from daemon.storage import open_storage
from daemon.store import cursors, glance, migrate, processes
from daemon.store.cursors import PollView
from daemon.store.engine import Store
from daemon.store.identity import own_identity
from daemon.store.opening import open_store

if TYPE_CHECKING:
    from daemon.poll.folder import Folders
    from daemon.poll.github import Poller

_LOOK_SECONDS = 30.0
"""Between two looks at the watched folders when no event came."""
_SOON_SECONDS = 5.0
"""What may be complete so soon is waited for by a single round."""
_LEAVE_SECONDS = 600.0
"""Rests that are shorter are not worth a new start."""
_ROLE = "poller"
COMMAND = (sys.executable, "-m", "daemon.process.poller")
"""This very process, as a service runs it."""


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


def wanted(settings: Settings) -> bool:
    """Whether there is anything to poll."""
    return bool(settings.poll.repositories or settings.poll.watch)


def poll_once(settings: Settings, paths: Paths, *, database: str | None = None) -> Round:
    """One round: every repository, and what stands still in the watched folders."""
    _log(settings, paths, "poll-once")  # A file of its own: the service may be rotating the other one.
    store = open_store(database or settings.database.url or paths.database)
    migrate.upgrade(store)
    with contextlib.closing(store), contextlib.closing(_Rounds(store, settings, paths, lambda: False)) as rounds:
        before = rounds.views()
        problem = rounds.ask()
        seconds = rounds.look()
        while seconds is not None and seconds <= _SOON_SECONDS:
            time.sleep(seconds)
            seconds = rounds.look()
        return rounds.told(before, problem)


def serve(
    settings: Settings,
    paths: Paths,
    *,
    database: str | None = None,
    parent: int | None = None,
    come_back: Sequence[str] | None = None,
    due: float | None = None,
) -> None:
    """Poll until asked to stop. Where `come_back` is given (SQLite only), a poller that rests becomes a porter.

    Args:
        settings: what to poll, and how often.
        paths: the installation's folders.
        database: where the cursors are; the settings' by default.
        parent: a pipe that ends when the process that started this one does.
        come_back: the command of this very poller; it is given `--due` and the moment.
        due: when GitHub is to be asked first, by `time.monotonic`; now by default.

    Raises:
        SchemaMismatch: a newer secaid has used the database.
    """
    _log(settings, paths, "poll")
    store = open_store(database or settings.database.url or paths.database)
    folders = [str(Path(folder).expanduser()) for folder in settings.poll.watch]
    with contextlib.closing(store), Stop(parent) as stop, _waking(folders) as woken:
        migrate.upgrade(store)
        housekeeping = Housekeeping(store, settings)
        with contextlib.closing(_Rounds(store, settings, paths, stop.look, due=due)) as rounds:
            noticed, resting = 0, False
            while not stop.look():
                noticed = porter.snapshot(folders)
                seconds = _safely(lambda: _step(rounds, housekeeping), stop)
                # After a step that failed nobody knows.
                resting = seconds is not None and bool(come_back and store.path) and rounds.rests
                if resting:
                    # What came until now is in `stop`; what comes from now on, the porter heeds.
                    doorman.hold_signals()
                    resting = not stop.look()
                    break
                stop.sleep(_LOOK_SECONDS if seconds is None else seconds, also=[woken.fileno()])
                with contextlib.suppress(BlockingIOError):
                    woken.recv(4096)
        if not resting:
            with contextlib.suppress(SecaidError), store.begin() as connection:
                processes.sign_off(connection)
    if resting and come_back and store.path:
        path = str(store.path)
        # Until its threads had ended, one of them may have received what this thread held back.
        if stop.asked:
            glance.sign_off(path, own_identity())
            return
        porter.become(path, rounds.due_at, noticed, folders, come_back)


def _log(settings: Settings, paths: Paths, process: str) -> None:
    events.configure(
        process=process,
        folder=paths.logs,
        level=settings.logging.level,
        rotate_bytes=settings.logging.rotate_megabytes * 2**20,
        keep=settings.logging.keep,
    )


def _step(rounds: _Rounds, housekeeping: Housekeeping) -> float:
    """Do what is due; seconds until something may be."""
    housekeeping.tick()
    if rounds.due:
        housekeeping.report(_ROLE, "polling")
        problem = rounds.ask()
        housekeeping.report(_ROLE, "waiting" if problem else "idle", note=rounds.note(problem))
    elif not housekeeping.reported:
        housekeeping.report(_ROLE, "idle", note=rounds.plan())
    seconds = rounds.look()
    return max(0.0, min(rounds.left, _LOOK_SECONDS if seconds is None else min(seconds, _LOOK_SECONDS)))


def _safely(step: Callable[[], float], stop: Stop) -> float | None:
    """Do a step; what fails now is waited for (None)."""
    try:
        return step()
    except StoreUnavailable as error:
        events.emit("store.unavailable", level="warning", reason=str(error))
    except SecaidError as error:
        events.emit("poll.failed", level="warning", reason=str(error))
    stop.sleep(1.0)
    return None


class _Rounds:
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


@contextlib.contextmanager
def _waking(folders: Sequence[str]) -> Iterator[socket.socket]:
    """A socket that is readable once something happened in a watched folder."""
    read, write = socket.socketpair()
    with read, write:
        for end in (read, write):
            end.setblocking(False)

        def wake() -> None:
            with contextlib.suppress(OSError):  # It is full: the process is awake as it is.
                write.send(b".")

        from daemon.poll.watch import watched

        with watched([Path(folder) for folder in folders], wake):
            yield read


def main(arguments: list[str]) -> None:
    """Nothing: with the settings of the environment; `--due MOMENT`: the same, not before that moment.
    `--from N`: with the settings that come through pipe N.
    """
    if not arguments or arguments[0] == "--due":
        due = float(arguments[1]) if arguments else None
        serve(*settings_module.load(), come_back=COMMAND, due=due)
        return
    parent = int(arguments[1])
    setup = receive(parent)
    serve(setup.settings, setup.folders(), database=setup.database, parent=parent)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SecaidError as error:
        sys.stderr.write(f"secaid poll: {error}\n")
        sys.exit(3)
