"""Whether a service is well: what the supervisor says, and what the process itself last said, together.

Either alone can lie. The supervisor calls a process that dies every minute `running`, while it runs; the
heartbeat of a process that was just started says nothing about the ten before it.
"""

from __future__ import annotations

import enum
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from daemon.masking import mask_all
from daemon.service.unit import Plan, Seen, Supervisor
from daemon.store.processes import ProcessView

_SETTLED_SECONDS = 600.0
"""A process that followed a failed one must live for so long before it counts as well."""
_SIGN_ON_SECONDS = 120.0
"""A process that has not reported to the database by then hangs."""
_LOOP_RUNS = 3
_LAST_WORDS = 3
_TAIL_BYTES = 4096


class Health(enum.StrEnum):
    """How one service is."""

    RUNNING = "running"
    STARTING = "starting"
    RECOVERING = "recovering"
    """It failed lately and was started again."""
    CRASHING = "crash loop"
    SILENT = "no heartbeat"
    BROKEN = "broken"
    """It runs and cannot work."""
    STOPPED = "stopped"
    DISABLED = "disabled"
    ABSENT = "not installed"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One service's health, with both testimonies. Times are seconds since 1970, UTC."""

    unit: str
    health: Health
    says: str
    """Why, and what to do."""
    supervisor: Seen
    heartbeat_at: float | None = None
    note: str | None = None
    """What the process says that it does."""
    last_words: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """Whether nobody needs to look."""
        return self.health in {Health.RUNNING, Health.STARTING}


def report(
    supervisor: Supervisor,
    plan: Plan,
    processes: Iterable[ProcessView],
    *,
    age: Callable[[int], float | None] | None = None,
    now: float | None = None,
) -> list[Verdict]:
    """Every service's verdict.

    Args:
        supervisor: whom to ask.
        plan: what an installation would write now.
        processes: those that the database knows.
        age: seconds since a process was started; asks the system by default.
        now: seconds since 1970; the clock's by default.

    Raises:
        Unavailable: the supervisor cannot be asked.
    """
    now = time.time() if now is None else now
    here = os.uname().nodename.replace("/", "-")
    by_pid = {one.pid: one for one in processes if one.host == here and one.alive is not False}
    verdicts = []
    for seen in supervisor.look(plan):
        process = by_pid.get(seen.pid or 0)
        age_seconds = (age or _age)(seen.pid) if seen.pid is not None and process is None else None
        health, says = judge(seen, process, now=now, age_seconds=age_seconds)
        ill = health not in {Health.RUNNING, Health.STARTING, Health.ABSENT}
        verdicts.append(
            Verdict(
                unit=seen.unit,
                health=health,
                says=says,
                supervisor=seen,
                heartbeat_at=process.heartbeat_at if process else None,
                note=process.note if process else None,
                last_words=last_words(plan.output / f"{seen.unit}.err") if ill else (),
            )
        )
    return verdicts


def judge(seen: Seen, process: ProcessView | None, *, now: float, age_seconds: float | None) -> tuple[Health, str]:
    """One verdict. consumes what the supervisor and the process say → produces how it is, and why."""
    if not seen.installed:
        return Health.ABSENT, "`secaid service install`"
    if not seen.enabled:
        return Health.DISABLED, "somebody switched it off: `secaid service start` switches it on"
    if not seen.loaded:
        return Health.STOPPED, "`secaid service start`"
    if seen.pid is None:
        return _not_running(seen)
    if process is None:
        return _not_signed_on(seen, age_seconds)
    return _running(seen, process, now)


def _not_running(seen: Seen) -> tuple[Health, str]:
    if seen.failed:
        why = " (its program or its log folder is missing: `secaid service install`)" if _configuration(seen) else ""
        return Health.CRASHING, f"{_history(seen)}{why}; see `secaid logs --kind {seen.unit}`"
    if seen.last_exit is None:
        return Health.STARTING, f"not started yet: {seen.state}"
    return Health.STOPPED, "it ended as asked: `secaid service start`"


def _not_signed_on(seen: Seen, age_seconds: float | None) -> tuple[Health, str]:
    if seen.failed:
        return Health.CRASHING, f"{_history(seen)}, and the new process has not reported yet"
    if age_seconds is not None and age_seconds > _SIGN_ON_SECONDS:
        return Health.SILENT, f"process {seen.pid} has run for {age_seconds:.0f} s and never reported to the database"
    return Health.STARTING, f"process {seen.pid} has not reported yet"


def _running(seen: Seen, process: ProcessView, now: float) -> tuple[Health, str]:
    up = max(0.0, now - process.started_at)
    if process.stale:
        return Health.SILENT, f"process {seen.pid} sent no heartbeat for {now - process.heartbeat_at:.0f} s"
    if seen.failed and up < _SETTLED_SECONDS:
        health = Health.CRASHING if (seen.runs or 0) >= _LOOP_RUNS else Health.RECOVERING
        return health, f"{_history(seen)}; the process of now has lived for {up:.0f} s"
    if process.state == "broken":
        return Health.BROKEN, f"process {seen.pid} cannot start its child: {process.note or 'it did not say why'}"
    restarted = f", {_history(seen)}" if seen.failed else ""
    outdated = "" if seen.current else "; its file is not this version's: `secaid service install`"
    return Health.RUNNING, f"process {seen.pid}, {process.state}{restarted}{outdated}"


def _history(seen: Seen) -> str:
    times = f"started {seen.runs} times" if seen.runs is not None else "started again"
    return f"{times}, last {seen.last_exit}" if seen.last_exit else times


def _configuration(seen: Seen) -> bool:
    """Whether the program could not even be started: EX_CONFIG of sysexits from launchd, 2xx from systemd."""
    words = (seen.last_exit or "").split()
    return len(words) > 1 and (words[1].startswith("78") or words[1] in {"200", "203", "209"})


def last_words(file: Path) -> tuple[str, ...]:
    """The last lines that a process wrote outside of its log, masked."""
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _TAIL_BYTES))
            text = stream.read().decode(errors="replace")
    except OSError:
        return ()
    lines: Sequence[str] = [line.rstrip() for line in str(mask_all(text)).splitlines() if line.strip()]
    return tuple(lines[-_LAST_WORDS:])


def _age(pid: int) -> float | None:
    import psutil

    try:
        return time.time() - psutil.Process(pid).create_time()
    except psutil.Error:
        return None
