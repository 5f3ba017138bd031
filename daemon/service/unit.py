"""What the system is asked to run, and what it says about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from daemon.domain.job import JobKind

POLL = "poll"
UNITS: tuple[str, ...] = (POLL, *map(str, JobKind))
"""One service for the poller and one for each kind of job."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What the templates are filled in with."""

    python: str
    """Absolute; the same after an upgrade."""
    environment: dict[str, str]
    """With `PATH`; never a secret."""
    logs: Path
    """Where the processes write; made by the installation, because a service whose folder is missing never starts."""

    @property
    def output(self) -> Path:
        """What processes say outside of their logs."""
        return self.logs / "service"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the supervisor tells about one unit."""

    unit: str
    installed: bool
    """Its file is there."""
    current: bool = False
    """Its file is what an installation would write now."""
    loaded: bool = False
    enabled: bool = True
    """Nobody has switched it off."""
    state: str = ""
    """In the supervisor's own words."""
    pid: int | None = None
    runs: int | None = None
    """Times it was started since it was loaded."""
    last_exit: str | None = None
    """How it last ended: `exit 1`, `SIGKILL`; None when it never did."""
    failed: bool = False
    """It last ended in a way that makes the supervisor start it again."""


class Supervisor(Protocol):
    """launchd or systemd. Every method can be repeated; `Unavailable` says that there is no supervisor to talk to."""

    name: str

    def install(self, plan: Plan) -> list[str]:
        """Write every unit's file, and make what runs agree with it: what was done, a sentence each."""

    def uninstall(self) -> list[str]:
        """End every unit and remove its file, whatever state it is in."""

    def start(self, units: Sequence[str]) -> list[str]:
        """Load and run them."""

    def restart(self, units: Sequence[str]) -> list[str]:
        """End those that run, as asked and not as failed, and run them anew."""

    def stop(self, units: Sequence[str]) -> list[str]:
        """End them until `start` or the next login."""

    def installed(self) -> bool:
        """Whether any unit's file is there; asks nobody."""

    def look(self, plan: Plan) -> list[Seen]:
        """Every unit as it is now."""
