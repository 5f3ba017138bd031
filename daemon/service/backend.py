"""The supervisor of this system."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from daemon.errors import Unavailable
from daemon.service.unit import Supervisor


def supervisor(environment: Mapping[str, str]) -> Supervisor:
    """Whom to talk to: launchd on a Mac, systemd on Linux.

    Raises:
        Unavailable: this system has neither.
    """
    system = platform.system()
    if system == "Darwin":
        from daemon.service.launchd import Launchd

        return Launchd(Path.home() / "Library" / "LaunchAgents", os.getuid())
    if system == "Linux":
        from daemon.service.systemd import Systemd

        base = environment.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        return Systemd(Path(base) / "systemd" / "user")
    message = f"secaid knows no service manager on {system}: run `secaid run` under your own"
    raise Unavailable(message)
