"""Says when something happens in a folder: watchdog's events, by the system where it can, by looking where not."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from daemon import events

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver


@contextlib.contextmanager
def watched(folders: Sequence[Path], changed: Callable[[], None]) -> Iterator[None]:
    """Call `changed` (from another thread) when anything happens in one of the folders; those missing are made."""
    if not folders:
        yield
        return
    from watchdog.observers import Observer
    from watchdog.observers.polling import PollingObserver

    for folder in folders:
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
    try:
        observer = _started(Observer(), folders, changed)
    except OSError as error:
        # A network file system, or the system's limit of watches.
        events.emit("folder.no-events", level="warning", reason=str(error))
        observer = _started(PollingObserver(timeout=5), [one for one in folders if one.is_dir()], changed)
    try:
        yield
    finally:
        observer.stop()
        observer.join(5)


def _started(observer: BaseObserver, folders: Sequence[Path], changed: Callable[[], None]) -> BaseObserver:
    from watchdog.events import EVENT_TYPE_CLOSED_NO_WRITE, EVENT_TYPE_OPENED, FileSystemEvent, FileSystemEventHandler

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            # Our own reading is no news.
            if event.event_type not in {EVENT_TYPE_OPENED, EVENT_TYPE_CLOSED_NO_WRITE}:
                changed()

    observer.daemon = True
    for folder in folders:
        observer.schedule(Handler(), str(folder))
    observer.start()
    return observer
