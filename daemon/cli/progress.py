"""Progress of the workers on a terminal; one line a change where there is none."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from daemon.cli.output import console, printable
from daemon.domain.job import JobKind, JobState

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from daemon.process.run import OnProgress, Progress

_ENDED = (JobState.DONE, JobState.DEAD, JobState.CANCELLED)


@contextlib.contextmanager
def shown() -> Iterator[OnProgress]:
    """Bars on stderr, one a kind, as long as the block lasts."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield _Lines(screen.print).update
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars
    from rich.table import Column

    columns = (TextColumn("{task.description:<11}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # A long note is cut off; without this it would squeeze the bars away.
    note = TextColumn(
        "{task.fields[note]}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
    )
    with Bars(*columns, note, console=screen, expand=True) as bars:
        yield _Bars(bars).update


class _Bars:
    """One bar a kind: finished jobs of all, the running one counted by its fraction."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def update(self, progress: Progress) -> None:
        for kind in JobKind:
            states = progress.counts.get(kind)
            if not states:
                continue
            if kind not in self._tasks:
                self._tasks[kind] = self._bars.add_task(str(kind), total=None, note="")
            running = [one for one in progress.running if one.kind == kind]
            done = sum(states.get(state, 0) for state in _ENDED) + sum(one.progress or 0.0 for one in running)
            note = printable(next((one.note for one in running if one.note), "") or "")
            self._bars.update(self._tasks[kind], total=sum(states.values()), completed=round(done, 1), note=note)


class _Lines:
    """A line for each job's new note: what a log or a CI run can hold."""

    def __init__(self, write: Callable[..., None]) -> None:
        self._write = write
        self._said: dict[int, str] = {}

    def update(self, progress: Progress) -> None:
        for one in progress.running:
            note = f"{one.kind} {one.id}: {one.note}"
            if one.note and self._said.get(one.id) != note:
                self._said[one.id] = note
                self._write(printable(note), markup=False)
