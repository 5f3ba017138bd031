"""What the poller reads inside its service: it is asked to poll now, and what it met there is waited for.

A token that is read from a terminal may be out of reach of a service: the keychain is shut there, the shell's
environment is not there. So the service's own process is heard, by what it reports to the database.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

import msgspec

from daemon.service import health
from daemon.service.unit import POLL, Plan, Supervisor
from daemon.store import cursors, processes
from daemon.store.engine import Store
from daemon.store.processes import ProcessView

PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 1.0
_OVER = frozenset({"idle", "waiting"})
"""What the poller calls itself once a round is over; `waiting`: GitHub could not be asked at all."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the read of one repository."""

    repository: str
    well: bool
    says: str
    could_ask: bool = True
    """Whether the service's process could ask GitHub at all: it has a token."""


def install(system: Supervisor, plan: Plan) -> list[str]:
    """Install what is missing or has changed, and make sure that the poller begins a round now.

    Raises:
        Unavailable: as the supervisor's `install`.
    """
    before = poller_pid(system, plan)
    done = system.install(plan)
    now = poller_pid(system, plan)
    if now is None:
        return [*done, *system.start([POLL])]
    return [*done, *system.restart([POLL])] if now == before else done


def wait(
    system: Supervisor,
    plan: Plan,
    store: Store,
    repositories: Sequence[str],
    *,
    since: float,
    patience: float,
) -> list[Read]:
    """What the service's own process met at each repository, once its round is over or each was read.

    Args:
        system: whose process it is.
        plan: what was installed.
        store: to which the process reports.
        repositories: their names.
        since: the process was started later; seconds since 1970.
        patience: seconds to wait at most.
    """
    deadline = time.monotonic() + patience
    pid = None
    while True:
        pid = pid or poller_pid(system, plan)
        with store.read() as conn:
            views = {view.repository: view for view in cursors.views(conn)}
            known = processes.everyone(conn, one_host=store.path is not None)
        process = next((one for one in known if _is(one, pid, since)), None)
        if process is None:
            pid = None  # It may have been started again.
        late = time.monotonic() >= deadline
        if process is not None:
            read = [_read(name, views.get(name), process) for name in repositories]
            if late or process.state in _OVER or all(one is not None for one in read):
                left = _unread(process, patience)
                return [one or left(name) for name, one in zip(repositories, read, strict=True)]
        elif late:
            says = _never(system, plan, known, patience)
            return [Read(repository=name, well=False, says=says) for name in repositories]
        time.sleep(_LOOK_SECONDS)


def poller_pid(system: Supervisor, plan: Plan) -> int | None:
    """The process of the poller's service; None where it does not run.

    Raises:
        Unavailable: the supervisor cannot be asked.
    """
    return next((seen.pid for seen in system.look(plan) if seen.unit == POLL), None)


def _is(process: ProcessView, pid: int | None, since: float) -> bool:
    here = os.uname().nodename.replace("/", "-")
    return (process.host, process.pid) == (here, pid) and process.alive is not False and process.started_at >= since


def _read(name: str, view: cursors.PollView | None, process: ProcessView) -> Read | None:
    """What this process met; None as long as it has not looked there."""
    if view is None or (view.polled_at or 0.0) < process.started_at:
        return None
    if view.reason:
        return Read(repository=name, well=False, says=view.reason)
    did = process.note or "it fetches what it found there"
    return Read(repository=name, well=True, says=f"read by process {process.pid}: {did}")


def _unread(process: ProcessView, patience: float) -> Callable[[str], Read]:
    """What to say of a repository at which the process has not looked."""
    if process.state not in _OVER:
        says = f"not read within {patience:g} s: process {process.pid} is still busy with others; `secaid doctor` later"
    else:
        says = f"not read: {process.note or 'the poller did not say why'}"
    could = process.state != "waiting"
    return lambda name: Read(repository=name, well=False, says=says, could_ask=could)


def _never(system: Supervisor, plan: Plan, known: Sequence[ProcessView], patience: float) -> str:
    verdict = next(one for one in health.report(system, plan, known) if one.unit == POLL)
    words = "".join(f" | {line}" for line in verdict.last_words)
    return (
        f"not read: within {patience:g} s no process of {system.name}'s poll service reported a round to the database "
        f"({verdict.health}: {verdict.says}){words}. See `secaid service status` and `secaid logs --kind poll`"
    )
