"""Starts one worker: what `secaid worker KIND`, `secaid-worker KIND` and `secaid run` have in common."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from daemon import events, settings
from daemon.errors import SecaidError
from daemon.paths import Paths
from daemon.process import doorman
from daemon.process.child import COMMAND
from daemon.process.messages import Reader, Setup, to_child
from daemon.process.signals import Stop
from daemon.process.worker import Worker
from daemon.settings import Settings
from daemon.store import migrate
from daemon.store.opening import open_store

_LOCK_SECONDS = 5.0
"""A worker waits briefly for the write lock and then goes on watching its child."""


def serve(
    kind: str,
    configured: Settings,
    paths: Paths,
    *,
    database: str | None = None,
    parent: int | None = None,
    child_command: Sequence[str] = COMMAND,
    come_back: Sequence[str] | None = None,
) -> None:
    """Serve one kind until asked to stop. Where `come_back` is given (SQLite only), an idle worker becomes a
    doorman that starts this command when there is work.

    Args:
        kind: of the jobs to work on.
        configured: the settings.
        paths: the installation's folders.
        database: where the queue is; the settings' by default.
        parent: a pipe that ends when the process that started this one does.
        child_command: what runs the jobs.
        come_back: the command of this very worker.

    Raises:
        SchemaMismatch: a newer secaid has used the database, before or while this worker ran.
    """
    events.configure(
        process=f"worker-{kind}",
        folder=paths.logs,
        level=configured.logging.level,
        rotate_bytes=configured.logging.rotate_megabytes * 2**20,
        keep=configured.logging.keep,
    )
    store = open_store(database or configured.database.url or paths.database, lock_seconds=_LOCK_SECONDS)
    migrate.upgrade(store)
    with Stop(parent) as stop:
        worker = Worker(kind, store, configured, paths, stop=stop, child_command=child_command)
        leave = come_back is not None and store.path is not None
        idle = worker.run(leave_when_idle=leave)
        if idle:
            # What came until now is in `stop`; what comes from now on, the doorman heeds.
            doorman.hold_signals()
        if idle and stop.look():
            worker.sign_off()
            idle = False
    path = store.path
    store.close()
    if idle and come_back and path:
        doorman.become(str(path), kind, list(come_back))


def main(arguments: list[str]) -> None:
    """`KIND`: with the settings of the environment. `KIND --from N`: with those that come through pipe N."""
    kind, *more = arguments
    if not more:
        configured, paths = settings.load()
        command = [sys.executable, "-m", "daemon.process.serve", kind]
        serve(kind, configured, paths, come_back=command)
        return
    parent = int(more[1])
    setup = receive(parent)
    command_for_child = more[2:] or COMMAND
    serve(
        kind,
        setup.settings,
        setup.folders(),
        database=setup.database,
        parent=parent,
        child_command=command_for_child,
    )


def receive(descriptor: int) -> Setup:
    """The first message of a pipe.

    Raises:
        EOFError: the pipe ended before.
    """
    reader = Reader(descriptor)
    while not reader.ended:
        for line in reader.lines():
            message = to_child(line)
            if isinstance(message, Setup):
                return message
    raise EOFError


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SecaidError as error:
        sys.stderr.write(f"secaid worker: {error}\n")
        sys.exit(3)
