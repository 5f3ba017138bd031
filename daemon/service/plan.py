"""The plan of an installation: an interpreter that stays, an explicit PATH, the settings of this shell."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from daemon.errors import Unavailable
from daemon.masking import mask
from daemon.paths import Paths
from daemon.service.unit import Plan

_CELLAR = re.compile(r"^(?P<prefix>/.*)/Cellar/(?P<formula>[^/]+)/[^/]+(?P<rest>/.*)$")
_PASSING = re.compile(r"/(?:\.cache/uv/|uv/archive-v|pipx/\.cache/|\.cache/pipx/)|^/(?:private/)?(?:tmp|var/folders)/")
_SYSTEM_PATH = ("/opt/homebrew/bin", "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin")
"""Where git, node and scanners are; launchd's own PATH has only the last four."""
_CARRIED = ("SECAID_", "OLMO_")
_SECRET = re.compile(r"_TOKEN$|PASSWORD|SECRET")


def plan(paths: Paths, environment: Mapping[str, str]) -> tuple[Plan, list[str]]:
    """What to fill the templates in with, and notes on what was left out.

    Raises:
        Unavailable: this interpreter will not be here tomorrow.
    """
    python = lasting(sys.executable, lambda path: Path(path).exists())
    carried, notes = carry(environment)
    path = dict.fromkeys((str(Path(python).parent), *_SYSTEM_PATH))
    return Plan(python=python, environment={"PATH": ":".join(path), **carried}, logs=paths.logs), notes


def lasting(executable: str, exists: Callable[[str], bool]) -> str:
    """The interpreter by a path that survives upgrades.

    A virtual environment's link is kept as it is: its target moves with every patch release. Homebrew's
    versioned `Cellar/NAME/1.2.3/…` is replaced by the stable `opt/NAME/…`.

    Raises:
        Unavailable: it lies in a cache or a temporary folder.
    """
    if _PASSING.search(executable):
        message = (
            f"this secaid runs from {executable}, which a cache or a reboot may remove: install it for good "
            "(`pipx install 'secaid[models]'`, or a virtual environment), then `secaid service install`"
        )
        raise Unavailable(message)
    if match := _CELLAR.match(executable):
        stable = f"{match['prefix']}/opt/{match['formula']}{match['rest']}"
        if exists(stable):
            return stable
    return executable


def carry(environment: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The settings of this shell that its services need too, and what is left out because it is a secret."""
    carried: dict[str, str] = {}
    notes = []
    for name, value in sorted(environment.items()):
        if not name.startswith(_CARRIED):
            continue
        if _SECRET.search(name) or mask(value) != value:
            notes.append(
                f"{name} holds a secret and is not written into the services: `secaid setup` puts a token into the "
                "keychain; a database URL belongs into config.yaml"
            )
        else:
            carried[name] = value
    return carried, notes
