"""The poller's process: asks GitHub and looks at the watched folders until it is asked to stop.

What `secaid poll`, the service and `secaid run` have in common. Without repositories it never imports PyGithub, and
a poller that rests for long becomes its own porter (`daemon.process.porter`), which is small.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from daemon import events
from daemon import settings as settings_module
from daemon.errors import SecaidError, StoreUnavailable
from daemon.paths import Paths
from daemon.process import doorman, porter
from daemon.process.housekeeping import Housekeeping
from daemon.process.rounds import Round, Rounds
from daemon.process.serve import receive
from daemon.process.signals import Stop
from daemon.settings import Settings
from daemon.store import glance, migrate, processes
from daemon.store.identity import own_identity
from daemon.store.opening import open_store

_LOOK_SECONDS = 30.0
"""Between two looks at the watched folders when no event came."""
_SOON_SECONDS = 5.0
"""What may be complete so soon is waited for by a single round."""
_ROLE = "poller"
COMMAND = (sys.executable, "-m", "daemon.process.poller")
"""This very process, as a service runs it."""


def wanted(settings: Settings) -> bool:
    """Whether there is anything to poll."""
    return bool(settings.poll.repositories or settings.poll.watch)


def poll_once(settings: Settings, paths: Paths, *, database: str | None = None) -> Round:
    """One round: every repository, and what stands still in the watched folders."""
    _log(settings, paths, "poll-once")  # A file of its own: the service may be rotating the other one.
    store = open_store(database or settings.database.url or paths.database)
    migrate.upgrade(store)
    with contextlib.closing(store), contextlib.closing(Rounds(store, settings, paths, lambda: False)) as rounds:
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
        with contextlib.closing(Rounds(store, settings, paths, stop.look, due=due)) as rounds:
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


def _step(rounds: Rounds, housekeeping: Housekeeping) -> float:
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
