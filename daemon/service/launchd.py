"""launchd: one agent per unit in the session at the screen, from the templates in `launchd/`.

`launchctl` answers before launchd is done, and with few words. Its exit code is an errno:

====  =============================  ==========================================================
  3   no such process                `bootout` of what is not loaded: done already
  5   input/output error             `bootstrap` of what is loaded, or still leaving, or switched off
 17   file exists                    the same, on some systems
 36   operation now in progress      `bootout`, or `bootstrap` after it: the old process is still ending
 37   operation already in progress  `bootstrap` of what is loaded
112   could not find domain          nobody is logged in at the screen
113   could not find service         not loaded
119   service is disabled            `launchctl disable`, or the switch in System Settings → Login Items
125   domain does not support        nobody is logged in at the screen
====  =============================  ==========================================================
"""

from __future__ import annotations

import plistlib
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from daemon.errors import Unavailable
from daemon.resources import resource
from daemon.service import files
from daemon.service.launchd_print import understand
from daemon.service.tool import Done, call
from daemon.service.unit import UNITS, Plan, Seen

PREFIX = "dev.secaid."
_NOT_LOADED = frozenset({3, 113})
_NO_SESSION = frozenset({112, 125})
_LOADED_OR_LEAVING = frozenset({5, 17, 36, 37})
_DISABLED = 119
_TRIES = 12
_LEAVING_SECONDS = 45.0
"""Longer than the templates' ExitTimeOut."""
_LOOK_SECONDS = 0.25


class Launchd:
    """consumes a `Plan` → produces agents in `~/Library/LaunchAgents`, loaded into `gui/UID`."""

    name = "launchd"

    def __init__(self, agents: Path, uid: int, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._agents = agents
        self._uid = uid
        self._domain = f"gui/{uid}"
        self._sleep = sleep

    def install(self, plan: Plan) -> list[str]:
        """Write every agent's plist, and load what is new, changed or not loaded.

        Raises:
            Unavailable: no launchd, no session at the screen, a folder that cannot be written, or launchd refused.
        """
        self._require_session()
        plan.output.mkdir(parents=True, exist_ok=True)
        done = []
        for unit in UNITS:
            changed = files.write(self._file(unit), _plist(unit, plan))
            if changed and self._loaded(unit):
                self._bootout(unit)
            if changed or not self._loaded(unit):
                self._bootstrap(unit)
                done.append(f"{label(unit)} is installed and loaded")
        return done

    def uninstall(self) -> list[str]:
        """Unload and remove every agent, also those of an older secaid; without a session only the files."""
        done = []
        for file in sorted(self._agents.glob(f"{PREFIX}*.plist")):
            unit = file.name.removeprefix(PREFIX).removesuffix(".plist")
            self._bootout(unit, no_session_is_fine=True)
            file.unlink(missing_ok=True)
            done.append(f"{label(unit)} is removed")
        return done

    def start(self, units: Sequence[str]) -> list[str]:
        """Load them where they are not, and run them where they rest.

        Raises:
            Unavailable: they are not installed, there is no session at the screen, or launchd refused.
        """
        self._require_session()
        done = []
        for unit in units:
            if not self._file(unit).exists():
                message = f"{label(unit)} is not installed: `secaid service install`"
                raise Unavailable(message)
            if not self._loaded(unit):
                self._bootstrap(unit)
                done.append(f"{label(unit)} is loaded")
            elif self.look_at(unit).pid is None:
                self._tell("kickstart", self._target(unit))
                done.append(f"{label(unit)} is started")
        return done

    def restart(self, units: Sequence[str]) -> list[str]:
        """Unload and load them: `kickstart -k` kills, which would count as a failure.

        Raises:
            Unavailable: they are not installed, there is no session at the screen, or launchd refused.
        """
        self._require_session()
        self.stop(units)
        self.start(units)
        return [f"{label(unit)} is started anew" for unit in units]

    def stop(self, units: Sequence[str]) -> list[str]:
        """Unload them: launchd would start a killed one again. At the next login they are loaded again."""
        return [f"{label(unit)} is stopped" for unit in units if self._bootout(unit)]

    def installed(self) -> bool:
        """Whether there is any plist of secaid's."""
        return any(self._agents.glob(f"{PREFIX}*.plist"))

    def look(self, plan: Plan) -> list[Seen]:
        """Every unit; all are asked at once, because each answer takes a process."""
        disabled = self._disabled() if self.installed() else frozenset()
        with ThreadPoolExecutor(len(UNITS)) as pool:
            return list(pool.map(lambda unit: self.look_at(unit, plan, disabled), UNITS))

    def look_at(self, unit: str, plan: Plan | None = None, disabled: frozenset[str] = frozenset()) -> Seen:
        """One unit."""
        content = files.read(self._file(unit))
        current = (
            plan is not None and content is not None and content == plistlib.dumps(agent(unit, plan), sort_keys=False)
        )
        seen = Seen(unit=unit, installed=content is not None, current=current, enabled=label(unit) not in disabled)
        if content is None:
            return seen
        done = self._call("print", self._target(unit))
        return understand(done.out, seen) if done.code == 0 else seen

    def _require_session(self) -> None:
        if self._uid == 0:
            message = "launchd's agents belong to a person's session: run this as yourself, without sudo"
            raise Unavailable(message)
        done = self._call("print", self._domain)
        if done.code != 0:
            raise self._no_session(done)

    def _no_session(self, done: Done) -> Unavailable:
        return Unavailable(
            f"launchd has no session {self._domain} ({done.said}): log in at the Mac's screen first; ssh alone opens "
            "none, and without one the Keychain stays shut. Until then: `secaid run`"
        )

    def _bootstrap(self, unit: str) -> None:
        """Load it. A disabled one is enabled first; one that is leaving is waited for.

        Raises:
            Unavailable: launchd goes on refusing.
        """
        self._tell("enable", self._target(unit))
        done = Done(0, "", "")
        for attempt in range(_TRIES):
            done = self._call("bootstrap", self._domain, str(self._file(unit)))
            if done.code == 0:
                return
            if done.code in _NO_SESSION:
                raise self._no_session(done)
            if done.code == _DISABLED:
                self._tell("enable", self._target(unit))
            elif done.code not in _LOADED_OR_LEAVING:
                break
            elif attempt == 0 and self._loaded(unit):
                # Loaded from an older file, or half: what is loaded now must be what the file says.
                self._bootout(unit)
            self._sleep(min(2.0, _LOOK_SECONDS * 2**attempt))
        message = (
            f"launchd does not load {label(unit)} (error {done.code}: {done.said}). Look at the file with "
            f"`plutil -lint '{self._file(unit)}'`, and whether System Settings → General → Login Items lets secaid "
            "run in the background; then `secaid service install` again"
        )
        raise Unavailable(message)

    def _bootout(self, unit: str, *, no_session_is_fine: bool = False) -> bool:
        """Unload it, and wait until it is gone; whether it was loaded.

        Raises:
            Unavailable: it does not leave, or launchd refused.
        """
        done = self._call("bootout", self._target(unit))
        if done.code in _NOT_LOADED or (no_session_is_fine and done.code in _NO_SESSION):
            return False
        if done.code in _NO_SESSION:
            raise self._no_session(done)
        # Whatever it answered, only its absence proves that it is unloaded.
        for _ in range(int(_LEAVING_SECONDS / _LOOK_SECONDS)):
            if not self._loaded(unit):
                return True
            self._sleep(_LOOK_SECONDS)
        message = (
            f"{label(unit)} is still there {_LEAVING_SECONDS:g} s after `launchctl bootout` (error {done.code}: "
            f"{done.said}): look at it with `launchctl print {self._target(unit)}`, and try again"
        )
        raise Unavailable(message)

    def _disabled(self) -> frozenset[str]:
        """Labels that somebody switched off: `=> disabled` since macOS 13, `=> true` before."""
        done = self._call("print-disabled", self._domain)
        return frozenset(re.findall(r'"([^"]+)" => (?:disabled|true)', done.out))

    def _loaded(self, unit: str) -> bool:
        return self._call("print", self._target(unit)).code == 0

    def _tell(self, *arguments: str) -> None:
        """A call that must succeed."""
        done = self._call(*arguments)
        if done.code in _NO_SESSION:
            raise self._no_session(done)
        if done.code != 0:
            message = f"`launchctl {' '.join(arguments)}` failed with {done.code}: {done.said}"
            raise Unavailable(message)

    def _call(self, *arguments: str) -> Done:
        return call(["launchctl", *arguments], absent="launchctl is not here: launchd's agents exist on macOS only")

    def _target(self, unit: str) -> str:
        return f"{self._domain}/{label(unit)}"

    def _file(self, unit: str) -> Path:
        return self._agents / f"{label(unit)}.plist"


def label(unit: str) -> str:
    """What launchd calls a unit."""
    return PREFIX + unit


def agent(unit: str, plan: Plan) -> dict[str, Any]:
    """A unit's property list: its template, filled in."""
    with resource("launchd", f"{label(unit)}.plist").open("rb") as file:
        template = plistlib.load(file)
    values = {"python": plan.python, "path": plan.environment["PATH"], "logs": str(plan.logs)}
    filled: dict[str, Any] = _fill(template, values)
    filled["EnvironmentVariables"] = filled["EnvironmentVariables"] | plan.environment
    return filled


def _plist(unit: str, plan: Plan) -> bytes:
    return plistlib.dumps(agent(unit, plan), sort_keys=False)


def _fill(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, str):
        return value.format_map(values)
    if isinstance(value, dict):
        return {key: _fill(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, values) for item in value]
    return value
