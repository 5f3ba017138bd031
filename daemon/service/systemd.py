"""systemd: one user unit per service, from the templates in `launchd/systemd/`."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path

from daemon.errors import Unavailable
from daemon.resources import resource
from daemon.service import files
from daemon.service.tool import Done, call
from daemon.service.unit import POLL, UNITS, Plan, Seen

PREFIX = "secaid-"
_PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "MainPID",
    "NRestarts",
    "ExecMainCode",
    "ExecMainStatus",
    "Result",
)
_KILLED = frozenset({"2", "3"})
"""ExecMainCode: CLD_KILLED, CLD_DUMPED; 1 is CLD_EXITED."""


class Systemd:
    """consumes a `Plan` → produces units in `~/.config/systemd/user`, enabled and running."""

    name = "systemd"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def install(self, plan: Plan) -> list[str]:
        """Write every unit, enable it, and start or restart what changed.

        Raises:
            Unavailable: there is no systemd of this user's to talk to, or it refused.
        """
        self._require_manager()
        plan.output.mkdir(parents=True, exist_ok=True)
        changed = [unit for unit in UNITS if files.write(self._file(unit), render(unit, plan))]
        if changed:
            self._tell("daemon-reload")
        self._tell("enable", *map(name, UNITS))
        running = {seen.unit for seen in self.look(plan) if seen.pid is not None}
        if again := [unit for unit in changed if unit in running]:
            self._tell("restart", *map(name, again))
        if idle := [unit for unit in UNITS if unit not in running]:
            self._tell("start", *map(name, idle))
        return [f"{name(unit)} is installed and running" for unit in dict.fromkeys((*changed, *idle))]

    def uninstall(self) -> list[str]:
        """Stop, disable and remove every unit, also those of an older secaid."""
        found = sorted(file.name for file in self._folder.glob(f"{PREFIX}*.service"))
        if found:
            # Without a manager nothing runs: then the files are all there is to remove.
            reachable = self._manager().code == 0
            if reachable:
                self._call("disable", "--now", *found)
            for one in found:
                (self._folder / one).unlink(missing_ok=True)
                (self._folder / "default.target.wants" / one).unlink(missing_ok=True)
            if reachable:
                self._call("daemon-reload")
                self._call("reset-failed", *found)
        return [f"{one} is removed" for one in found]

    def start(self, units: Sequence[str]) -> list[str]:
        """Run them.

        Raises:
            Unavailable: they are not installed, or systemd refused.
        """
        self._require_manager()
        missing = [name(unit) for unit in units if not self._file(unit).exists()]
        if missing:
            message = f"{', '.join(missing)} is not installed: `secaid service install`"
            raise Unavailable(message)
        resting = [unit for unit in units if self._show([unit])[0].get("ActiveState") != "active"]
        if resting:
            self._tell("start", *map(name, resting))
        return [f"{name(unit)} is started" for unit in resting]

    def restart(self, units: Sequence[str]) -> list[str]:
        """Run them anew.

        Raises:
            Unavailable: they are not installed, or systemd refused.
        """
        self._require_manager()
        self._tell("restart", *map(name, units))
        return [f"{name(unit)} is started anew" for unit in units]

    def stop(self, units: Sequence[str]) -> list[str]:
        """End them; they start again with the next login."""
        self._require_manager()
        running = [
            unit for unit in units if self._show([unit])[0].get("ActiveState") in {"active", "activating", "reloading"}
        ]
        if running:
            self._tell("stop", *map(name, running))
        return [f"{name(unit)} is stopped" for unit in running]

    def installed(self) -> bool:
        """Whether there is any unit of secaid's."""
        return any(self._folder.glob(f"{PREFIX}*.service"))

    def look(self, plan: Plan) -> list[Seen]:
        """Every unit, by one call."""
        contents = {unit: files.read(self._file(unit)) for unit in UNITS}
        if not any(contents.values()):
            return [Seen(unit=unit, installed=False) for unit in UNITS]
        return [
            understand(
                shown,
                Seen(unit=unit, installed=contents[unit] is not None, current=contents[unit] == render(unit, plan)),
            )
            for unit, shown in zip(UNITS, self._show(UNITS), strict=True)
        ]

    def _show(self, units: Sequence[str]) -> list[dict[str, str]]:
        """Their properties: blocks of `Name=value`, parted by an empty line, in the order asked for."""
        done = self._call("show", f"--property={','.join(_PROPERTIES)}", *map(name, units))
        if done.code != 0:
            raise _no_manager(done)
        blocks = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in _blocks(done.out)]
        by_id = {block.get("Id", ""): block for block in blocks}
        return [by_id.get(name(unit), {}) for unit in units]

    def _manager(self) -> Done:
        return self._call("show", "--property=Version")

    def _require_manager(self) -> None:
        done = self._manager()
        if done.code != 0:
            raise _no_manager(done)

    def _tell(self, *arguments: str) -> None:
        """A call that must succeed."""
        done = self._call(*arguments)
        if done.code != 0:
            message = f"`systemctl --user {' '.join(arguments)}` failed with {done.code}: {done.said}"
            raise Unavailable(message)

    def _call(self, *arguments: str) -> Done:
        absent = "there is no systemd here: start `secaid run` with what supervises processes on this machine"
        return call(["systemctl", "--user", "--no-pager", *arguments], absent=absent)

    def _file(self, unit: str) -> Path:
        return self._folder / name(unit)


def name(unit: str) -> str:
    """What systemd calls a unit."""
    return f"{PREFIX}{unit}.service"


def render(unit: str, plan: Plan) -> bytes:
    """A unit's file: its template, filled in."""
    template = resource("launchd", "systemd", name(unit)).read_text(encoding="utf-8")
    command = [plan.python, "-m", "daemon.cli", *([POLL] if unit == POLL else ["worker", unit])]
    values = {
        "command": " ".join(quoted(word.replace("$", "$$")) for word in command),
        "environment": " ".join(quoted(f"{key}={value}") for key, value in plan.environment.items()),
        "logs": str(plan.logs).replace("%", "%%"),
    }
    body = "".join(line for line in template.splitlines(keepends=True) if not line.startswith("# `secaid service"))
    return body.format_map(values).encode()


def quoted(word: str) -> str:
    """One word of a unit file: in quotes, with systemd's own specifiers and escapes made plain."""
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n")
    return f'"{plain}"'


def understand(shown: dict[str, str], seen: Seen) -> Seen:
    """What `systemctl show` tells of one unit."""
    if shown.get("LoadState") != "loaded":
        return seen
    ended = shown.get("ExecMainCode", "0") != "0"
    clean = shown.get("Result", "success") == "success"
    restarts = int(shown.get("NRestarts", "0") or 0)
    return Seen(
        unit=seen.unit,
        installed=seen.installed,
        current=seen.current,
        loaded=True,
        enabled=shown.get("UnitFileState", "enabled") != "disabled",
        state=f"{shown.get('ActiveState', 'unknown')} ({shown.get('SubState', '')})",
        pid=int(shown.get("MainPID", "0")) or None,
        runs=restarts + 1 if ended or shown.get("MainPID", "0") != "0" else None,
        last_exit=_last_exit(shown) if ended else None if clean else shown["Result"],
        failed=not clean or restarts > 0,
    )


def _last_exit(shown: dict[str, str]) -> str:
    status = shown.get("ExecMainStatus", "?")
    if shown["ExecMainCode"] in _KILLED and status.isdigit():
        try:
            return f"ended by {signal.Signals(int(status)).name}"
        except ValueError:
            return f"ended by signal {status}"
    return f"exit {status}"


def _blocks(text: str) -> list[str]:
    return [block for block in text.split("\n\n") if block.strip()]


def _no_manager(done: Done) -> Unavailable:
    return Unavailable(
        f"systemd runs no services of yours here ({done.said}): in a container or over `su` there is no user manager. "
        "Log in directly, or start `secaid run` with what supervises processes on this machine"
    )
