"""When heavy work may run: on mains power, on a quiet machine, within hours; and no idle sleep while it does.

The decision is a pure function of settings and conditions; the probes around it are thin. Sleep itself loses
nothing: leases and heartbeats go by a clock that stands still meanwhile (`daemon.store.queue.reap`).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import msgspec
import psutil

from daemon import events
from daemon.settings import Power

_WHY = "secaid is training its model"


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """How the machine is now."""

    on_mains: bool
    """Also where there is no battery."""
    load_per_core: float
    """Of the last minute."""
    hour: int
    """Local, 0 to 23."""


def why_wait(power: Power, conditions: Conditions) -> str | None:
    """Why heavy work may not start now, or None. consumes settings and `Conditions` → produces a sentence."""
    if power.require_ac and not conditions.on_mains:
        return "on battery: it waits for mains power"
    if not in_window(power.window, conditions.hour):
        first, last = power.window
        return f"it is {conditions.hour:02}h: it waits for the hours from {first:02} to {last:02}"
    if conditions.load_per_core > power.max_load:
        return f"the machine is busy (load {conditions.load_per_core:.2f} a core): it waits for {power.max_load:g}"
    return None


def in_window(window: tuple[int, ...], hour: int) -> bool:
    """Whether the hour lies in [first, last), past midnight where last comes before first; no window: always."""
    if not window:
        return True
    first, last = window
    return first <= hour < last if first < last else hour >= first or hour < last


def conditions() -> Conditions:
    """Look at the machine."""
    battery = psutil.sensors_battery()
    return Conditions(
        # None: there is no battery, or the system does not tell; then nothing is held back for ever.
        on_mains=battery is None or battery.power_plugged is not False,
        load_per_core=os.getloadavg()[0] / (os.cpu_count() or 1),
        hour=dt.datetime.now().astimezone().hour,
    )


class Gate:
    """Asked before a job of a kind starts, and while it runs."""

    def __init__(self, power: Power, look: Callable[[], Conditions] = conditions) -> None:
        self._power = power
        self._look = look

    def is_heavy(self, kind: str) -> bool:
        """Whether the kind heeds power at all."""
        return kind in self._power.heavy_kinds

    def why_not_start(self, kind: str) -> str | None:
        """Why a job of this kind has to wait, or None."""
        return why_wait(self._power, self._look()) if self.is_heavy(kind) else None

    def why_not_go_on(self, kind: str) -> str | None:
        """Why a running job of this kind is put back, or None: neither its own load nor the hour is a reason."""
        if not self.is_heavy(kind) or not self._power.require_ac or self._look().on_mains:
            return None
        return "mains power went away: it goes on when it is back"


@contextlib.contextmanager
def awake(pid: int) -> Iterator[None]:
    """Keep the machine from falling asleep by itself, until the block or that process ends; a closed lid still may.

    Where the system has no such tool, or refuses, the work goes on without: sleep delays it and loses nothing.
    """
    command = _inhibitor(pid)
    if command is None:
        yield
        return
    started = time.monotonic()
    holder = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        refused = holder.poll()
        if refused:
            seconds = time.monotonic() - started
            events.emit("power.not-held", level="debug", tool=command[0], code=refused, seconds=seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(holder.pid, signal.SIGTERM)
        holder.wait()


def _inhibitor(pid: int) -> list[str] | None:
    """The command that holds the assertion while `pid` lives, so that it is let go even when secaid is killed."""
    if caffeinate := shutil.which("caffeinate"):
        return [caffeinate, "-i", "-w", str(pid)]
    inhibit, tail = shutil.which("systemd-inhibit"), shutil.which("tail")
    if inhibit and tail:
        held = ["--what=idle:sleep", "--mode=block", "--who=secaid", f"--why={_WHY}"]
        return [inhibit, *held, tail, f"--pid={pid}", "-f", "/dev/null"]
    return None
