"""Which commit a release of an action is: read from the lock that ships with secaid, never guessed."""

from __future__ import annotations

import datetime as dt
import functools
import re

import msgspec

from daemon.resources import resource

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

    def newest(self, within: str = "") -> str | None:
        """The newest release, within the line that a ref names (`v4`, `v4.1`)."""
        line = numbers(within)
        found = [tag for tag in self.releases if numbers(tag)[: len(line)] == line]
        return max(found, key=numbers, default=None)

    def at(self, commit: str) -> str | None:
        """The newest release that this commit is."""
        return max((tag for tag, one in self.releases.items() if one == commit), key=numbers, default=None)


class _Lock(msgspec.Struct, frozen=True):
    about: str
    read: str
    actions: dict[str, Action]


@functools.lru_cache(maxsize=16384)
def numbers(tag: str) -> tuple[int, ...]:
    """A version's numbers; empty where it is none."""
    match = _VERSION.fullmatch(tag)
    return tuple(int(part) for part in match.groups() if part is not None) if match else ()


def known(repository: str) -> Action | None:
    """What the lock says about `owner/name`; GitHub ignores case in it."""
    return _lock().get(repository.lower())


def aged(action: Action) -> str | None:
    """The day that an action was read of last, where the lock itself is over a year younger; none where it is not."""
    days = [dt.date.fromisoformat(day) for day in _DAY.findall(action.read)]
    old = max(days, default=None)
    if old is None or dt.date.fromisoformat(_whole().read) - old <= _FRESH:
        return None
    return old.isoformat()


@functools.cache
def _lock() -> dict[str, Action]:
    return {name.lower(): action for name, action in _whole().actions.items()}


@functools.cache
def _whole() -> _Lock:
    return msgspec.json.decode(resource("config", "actions.lock.json").read_bytes(), type=_Lock)
