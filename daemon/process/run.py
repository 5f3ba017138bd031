"""`secaid run`: the poller and one worker per kind in the foreground, supervised."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import msgspec
from msgspec.structs import replace

from daemon import events
from daemon.errors import SecaidError, StoreUnavailable
from daemon.paths import Paths
from daemon.process.messages import send, setup
from daemon.process.signals import Stop
from daemon.settings import Settings
from daemon.store import migrate, queue
from daemon.store.engine import Store
from daemon.store.fifo import ANY
from daemon.store.opening import open_store

_LOOK_SECONDS = 0.5
_STOP_SECONDS = 10.0
_SLOWEST_RESTART = 30.0
_POLL = "poll"


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What `run` tells about twice a second."""

    counts: dict[str, dict[str, int]]
    """Kind → state → jobs."""
    running: list[queue.JobView]
    """With their progress and note."""


OnProgress = Callable[[Progress], None]


def run(
    settings: Settings,
    paths: Paths,
    *,
    until_idle: bool,
    kinds: Sequence[str],
    poll: Callable[[], None] | None = None,
    on_progress: OnProgress | None = None,
    database: str | None = None,
    child_command: Sequence[str] = (),
    poller: bool = False,
) -> dict[str, dict[str, int]]:
    """Serve the queue until asked to stop or, where `until_idle`, until nothing is left that can run.

    A worker that ends by whatever cause is started again. The schema is brought up to date first.

    Args:
        settings: also the workers'.
        paths: also the workers'.
        until_idle: poll once, and stop when no job runs or will run soon without anybody's help. A person waits
            for it: heavy kinds run on battery, too.
        kinds: one worker process each.
        poll: looks for new artifacts; called at the start and then every `settings.poll.interval_seconds`.
        on_progress: called about twice a second.
        database: where the queue is; the settings' by default.
        child_command: what runs the jobs, in place of `python -m workers.child`.
        poller: start the poller's process, too; in place of `poll`, which is for `until_idle`.

    Returns:
        The counts at the end: kind → state → jobs.
    """
    if until_idle:
        settings = replace(settings, power=replace(settings.power, heavy_kinds=()))
    store = open_store(database or settings.database.url or paths.database)
    migrate.upgrade(store)
    with contextlib.closing(store), Stop() as stop, contextlib.ExitStack() as stack:
        polling = stack.enter_context(_polling(poll, None if until_idle else settings.poll.interval_seconds))
        crew = stack.enter_context(_crew([*kinds, *([_POLL] if poller else [])], settings, paths, store, child_command))
        bell = stack.enter_context(contextlib.closing(store.bells.listen([ANY])))
        while not stop.look():
            crew.restart_ended()
            polled = not polling.is_set()
            with contextlib.suppress(StoreUnavailable):
                if _look(store, kinds, on_progress) and polled and until_idle:
                    break
            bell.wait(_LOOK_SECONDS, also=stop.descriptors)
        crew.stop()
        with store.read() as connection:
            return queue.counts(connection)


class _Crew:
    """The worker processes, one per kind, and the poller's."""

    def __init__(
        self, kinds: Sequence[str], settings: Settings, paths: Paths, store: Store, child_command: Sequence[str]
    ) -> None:
        self._setup = setup(settings, paths, store.url)
        self._child_command = child_command
        self._members: dict[str, tuple[subprocess.Popen[bytes], int]] = {}
        self._restart: dict[str, tuple[float, float]] = {}
        for kind in kinds:
            self._start(kind)

    def restart_ended(self) -> None:
        """Start again what ended: at once the first time, then ever more slowly while it keeps ending."""
        for kind, (process, pipe) in list(self._members.items()):
            if process.poll() is None:
                continue
            seconds, since = self._restart.get(kind, (0.0, time.monotonic()))
            if time.monotonic() - since < seconds:
                continue
            events.emit("worker.ended", level="warning", kind=kind, code=process.returncode)
            os.close(pipe)
            self._start(kind)
            self._restart[kind] = (min(_SLOWEST_RESTART, max(0.5, seconds * 2)), time.monotonic())

    def stop(self) -> None:
        """Ask all to stop, and wait; end those that do not."""
        for process, pipe in self._members.values():
            os.close(pipe)
            process.terminate()
        deadline = time.monotonic() + _STOP_SECONDS
        for process, _ in self._members.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._members = {}

    def _start(self, kind: str) -> None:
        read, write = os.pipe()
        module = ["daemon.process.poller"] if kind == _POLL else ["daemon.process.serve", kind]
        command = [sys.executable, "-m", *module, "--from", str(read), *self._child_command]
        try:
            # A session of its own: Ctrl-C in the terminal reaches the supervisor alone, which stops them in order.
            process = subprocess.Popen(command, pass_fds=(read,), stdin=subprocess.DEVNULL, start_new_session=True)
        finally:
            os.close(read)
        with contextlib.suppress(OSError):
            send(write, self._setup)
        self._members[kind] = (process, write)


@contextlib.contextmanager
def _crew(
    kinds: Sequence[str], settings: Settings, paths: Paths, store: Store, child_command: Sequence[str]
) -> Iterator[_Crew]:
    crew = _Crew(kinds, settings, paths, store, child_command)
    try:
        yield crew
    finally:
        crew.stop()


@contextlib.contextmanager
def _polling(poll: Callable[[], None] | None, interval: float | None) -> Iterator[threading.Event]:
    """Poll in a thread, once or every `interval` seconds. Yields an event that is set while a poll is on."""
    on = threading.Event()
    over = threading.Event()
    if poll is None:
        yield on
        return

    def loop() -> None:
        while True:
            try:
                poll()
            except SecaidError as error:
                events.emit("poll.failed", level="warning", reason=str(error))
            except Exception as error:  # noqa: BLE001 - the workers go on, whatever a poll raises
                events.emit("poll.failed", level="error", reason=repr(error))
            finally:
                on.clear()
            if interval is None or over.wait(interval):
                return
            on.set()

    on.set()
    threading.Thread(target=loop, daemon=True, name="poll").start()
    try:
        yield on
    finally:
        over.set()


def _look(store: Store, kinds: Sequence[str], on_progress: OnProgress | None) -> bool:
    """Report; whether nothing runs or will soon."""
    with store.read() as connection:
        if on_progress is not None:
            running = queue.jobs_list(connection, states=["claimed"])
            on_progress(Progress(counts=queue.counts(connection), running=running))
        return queue.runnable(connection, kinds) == 0
