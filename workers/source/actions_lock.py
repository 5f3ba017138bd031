"""Which commit a release of an action is, never guessed: by the lock that ships with secaid, and by the user's own.

`secaid pins` writes the user's: what it read is younger than what shipped, and holds actions that nobody else knows.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from daemon.errors import SettingsError
from daemon.paths import paths
from daemon.resources import resource
from daemon.settings import environment

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_FRESH = dt.timedelta(days=366)
_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?")


class Action(msgspec.Struct, frozen=True):
    """What is known of one action's repository."""

    read: str
    """Where the commits were read."""
    seen: str
    """`tag`: in the action's own repository; `workflow`: in somebody's pin with a version comment."""
    releases: dict[str, str]
    branches: dict[str, str] = {}
    agreed: dict[str, str] = {}
    """Releases that were not read here but from pins, and the projects whose pins agree."""
    inputs: list[str] | None = None
    """Of the newest release's root action; none where unknown."""
    workflows: dict[str, dict[str, str]] = {}
    """Commit → path → text of the workflows that were called at it."""

    def newest(self, within: str = "") -> str | None:
        """The newest release, within the line that a ref names (`v4`, `v4.1`)."""
        line = numbers(within)
        found = [tag for tag in self.releases if numbers(tag)[: len(line)] == line]
        return max(found, key=numbers, default=None)

    def at(self, commit: str) -> str | None:
        """The newest release that this commit is."""
        return max((tag for tag, one in self.releases.items() if one == commit), key=numbers, default=None)


class Lock(msgspec.Struct, frozen=True):
    """Actions by `owner/name`."""

    about: str
    read: str
    """The day."""
    actions: dict[str, Action]


@functools.lru_cache(maxsize=16384)
def numbers(tag: str) -> tuple[int, ...]:
    """A version's numbers; empty where it is none."""
    match = _VERSION.fullmatch(tag)
    return tuple(int(part) for part in match.groups() if part is not None) if match else ()


def known(repository: str) -> Action | None:
    """What the locks say about `owner/name`; GitHub ignores case in it.

    Raises:
        SettingsError: the user's lock cannot be read.
    """
    file = own_file()
    return _merged(file, _stamp(file)).get(repository.lower())


def own_file() -> Path:
    """Where the user's lock is, or would be."""
    return paths(environment()).config / "actions.lock.json"


def own() -> Lock | None:
    """The user's lock, if there is one.

    Raises:
        SettingsError: it cannot be read.
    """
    return _read(own_file())


def aged(action: Action) -> str | None:
    """The day that an action was read of last, where the lock itself is over a year younger; none where it is not."""
    days = [dt.date.fromisoformat(day) for day in _DAY.findall(action.read)]
    old = max(days, default=None)
    if old is None or dt.date.fromisoformat(_shipped().read) - old <= _FRESH:
        return None
    return old.isoformat()


def _read(file: Path) -> Lock | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Lock)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        message = f"{file} cannot be read: {error}. Delete it, and `secaid pins` writes it anew"
        raise SettingsError(message) from error


def _stamp(file: Path) -> int:
    """What changes with the file: a worker lives longer than one lock."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


@functools.lru_cache(maxsize=1)
def _merged(file: Path, _stamp: int) -> Mapping[str, Action]:
    shipped = {name.lower(): action for name, action in _shipped().actions.items()}
    mine = _read(file)
    for name, action in mine.actions.items() if mine is not None else ():
        old = shipped.get(name.lower())
        shipped[name.lower()] = action if old is None else _younger(old, action)
    return shipped


def _younger(old: Action, new: Action) -> Action:
    """Both, of which the second was read later."""
    return msgspec.structs.replace(
        old,
        read=new.read,
        seen=new.seen,
        releases=old.releases | new.releases,
        branches=old.branches | new.branches,
        agreed={tag: who for tag, who in old.agreed.items() if tag not in new.releases},
        workflows=new.workflows,
    )


@functools.cache
def _shipped() -> Lock:
    return msgspec.json.decode(resource("config", "actions.lock.json").read_bytes(), type=Lock)
