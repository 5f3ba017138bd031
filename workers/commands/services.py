"""The last steps of `secaid setup`: the services are installed, and their poller reads each repository."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator

import click

from daemon import settings
from daemon.cli.context import Here, opened
from daemon.errors import SecaidError, Unavailable
from daemon.service import reading
from daemon.service.backend import supervisor
from daemon.service.plan import plan
from daemon.service.reading import Read
from daemon.service.unit import Plan, Supervisor
from daemon.store import cursors
from daemon.tokens import ENVIRONMENT, find_token


def running(where: Here) -> bool:
    """Whether the poller's service runs; one that somebody has stopped is left alone."""
    try:
        system = supervisor(settings.environment())
        return (
            system.installed() and reading.poller_pid(system, plan(where.paths, settings.environment())[0]) is not None
        )
    except SecaidError:
        return False


def steps(where: Here) -> Iterator[tuple[str, Callable[[], str]]]:
    """Install them; then one step a repository, which tells what their poller read there.

    Each step raises `Unavailable`, with what to do, where that did not go well.
    """
    services = _Services(where)
    yield "services", services.install
    if services.began:
        for name in services.repositories:
            yield f"{name} in {services.system.name}", functools.partial(services.tell, name)


class _Services:
    """Those of this installation."""

    def __init__(self, where: Here) -> None:
        self._where = where
        self.repositories = [one.name for one in where.settings.poll.repositories]
        self.began = 0.0
        """When the poller was asked, once it was; seconds since 1970."""

    @functools.cached_property
    def system(self) -> Supervisor:
        """Who runs them."""
        return supervisor(settings.environment())

    @functools.cached_property
    def _plan(self) -> tuple[Plan, list[str]]:
        return plan(self._where.paths, settings.environment())

    def install(self) -> str:
        """Install what is missing or changed, and have the poller begin a round; what was done."""
        wanted, notes = self._plan
        with opened(self._where) as store, store.begin() as conn:
            cursors.try_now(conn, self.repositories)
        began = time.time()
        done = reading.install(self.system, wanted)
        self.began = began
        return "; ".join([*done, *(f"note: {note}" for note in notes)])

    def tell(self, repository: str) -> str:
        """What the poller read there, inside its service."""
        read = self._read[repository]
        if read.well:
            return read.says
        hint = "" if read.could_ask else _hint(self._where, self.system.name)
        message = f"{repository} in {self.system.name}: {read.says}{hint}; then `secaid setup --service` again"
        raise Unavailable(message)

    @functools.cached_property
    def _read(self) -> dict[str, Read]:
        seconds = reading.PATIENCE_SECONDS
        click.echo(f"waiting for the poller's own read inside {self.system.name} ({seconds:g} s at most)", err=True)
        with opened(self._where) as store:
            wanted, _ = self._plan
            found = reading.wait(self.system, wanted, store, self.repositories, since=self.began, patience=seconds)
        return {one.repository: one for one in found}


def _hint(where: Here, system: str) -> str:
    """Where this shell has a token and the service has none."""
    try:
        own = find_token(where.settings.poll.api_url)
    except SecaidError:
        return ""
    if own is None or own.source != ENVIRONMENT:
        return ""
    mend = "`secaid setup --token` puts it into the keychain, which they read"
    if system == "systemd":
        mend += "; without a keychain: `systemctl --user import-environment SECAID_GITHUB_TOKEN` after every boot"
    return f". This shell has a token in its environment, which services do not see: {mend}"
