"""The one way to GitHub's API: with the token of the moment, and never earlier than GitHub allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from daemon import events
from daemon.errors import Unavailable
from daemon.poll import limits
from daemon.poll.api import Answer, Api, Limited, fingerprint
from daemon.store import cursors
from daemon.store.cursors import Pause
from daemon.store.engine import Store

EVERY_TOKEN = "*"  # noqa: S105 - no token
"""In place of a fingerprint: GitHub's limits are the user's, whichever of his tokens asks."""


class Gate:
    """Holds GitHub's pauses in the database: neither a restart nor another poller asks before their end."""

    def __init__(
        self,
        store: Store,
        url: str,
        *,
        token: Callable[[], str | None],
        now: Callable[[], float],
        seconds_between_requests: float,
    ) -> None:
        """`token` is asked at each round, so that a new one needs no restart."""
        self._store = store
        self._url = url
        self._token = token
        self._now = now
        self._gap = seconds_between_requests
        self._api: Api | None = None

    def open(self) -> bool:
        """Begin a round; whether the token is one that was never used before.

        Raises:
            Unavailable: there is none.
        """
        token = self._token()
        if not token:
            message = "there is no GitHub token: `secaid setup --token` keeps one, or set SECAID_GITHUB_TOKEN"
            raise Unavailable(message)
        if self._api is None or self._api.fingerprint != fingerprint(token):
            self.close()
            self._api = Api(token, self._url, now=self._now, seconds_between_requests=self._gap)
        with self._store.read() as conn:
            return cursors.pause(conn, self.fingerprint) is None

    def close(self) -> None:
        """Close the connections."""
        if self._api:
            self._api.close()
            self._api = None

    @property
    def fingerprint(self) -> str:
        """Of the token."""
        return self._api.fingerprint if self._api else ""

    @property
    def shut_for(self) -> float:
        """Seconds until GitHub may be asked again; 0 for now."""
        return max(0.0, _longer(*self._pauses()).not_before - self._now())

    @property
    def shut_because(self) -> str | None:
        """Why GitHub may not be asked now, where it may not."""
        pause = _longer(*self._pauses())
        return (pause.reason or "it asked to wait") if pause.not_before > self._now() else None

    def ask(self, path: str, parameters: Mapping[str, Any] | None = None, etag: str | None = None) -> Answer:
        """One request.

        Raises:
            Limited: it is not the time yet, or GitHub says so now.
            SecaidError: as `Api.get` does.
        """
        users, tokens = self._pauses()
        pause = _longer(users, tokens)
        wait = pause.not_before - self._now()
        if self._api is None or wait > 0:
            message = f"GitHub is not asked before its time: {pause.reason}"
            raise Limited(message, max(0.0, wait))
        refusals = users.refusals
        try:
            answer = self._api.get(path, parameters, etag, refusals=refusals)
        except Limited as limit:
            self._shut(EVERY_TOKEN, limit.seconds, str(limit), refusals=refusals + 1)
            raise
        seconds = limits.spent(answer.headers, now=self._now())
        if seconds is not None:
            self._shut(EVERY_TOKEN, seconds, "nothing is left of this hour's requests")
        elif refusals:
            self._write(EVERY_TOKEN, Pause(fingerprint=EVERY_TOKEN))
        return answer

    def distrust(self, seconds: float, reason: str) -> None:
        """Do not show GitHub this token for so long."""
        self._shut(self.fingerprint, seconds, reason)

    def remember(self) -> None:
        """Write down what the newest answer said of the token's budget."""
        remaining, budget = limits.budget(self._api.headers if self._api else {})
        known = self._known(self.fingerprint)
        self._write(self.fingerprint, msgspec.structs.replace(known, remaining=remaining, budget=budget))

    def _pauses(self) -> tuple[Pause, Pause]:
        """The user's and the token's. Read anew each time: another poller may have been told to wait."""
        with self._store.read() as conn:
            found = cursors.pauses(conn, (EVERY_TOKEN, self.fingerprint))
        users, tokens = (found.get(name, Pause(fingerprint=name)) for name in (EVERY_TOKEN, self.fingerprint))
        return users, tokens

    def _known(self, fingerprint: str) -> Pause:
        with self._store.read() as conn:
            return cursors.pause(conn, fingerprint) or Pause(fingerprint=fingerprint)

    def _shut(self, fingerprint: str, seconds: float, reason: str, *, refusals: int = 0) -> None:
        until = self._now() + seconds
        known = self._known(fingerprint)
        changed = msgspec.structs.replace(known, not_before=until, reason=reason, refusals=refusals)
        self._write(fingerprint, changed)
        events.emit("github.pause", level="warning", seconds=seconds, reason=reason)

    def _write(self, fingerprint: str, changed: Pause) -> None:
        """Never shortens a pause that is in force."""
        with self._store.begin() as conn:
            before = cursors.pause(conn, fingerprint)
            if before and before.not_before > max(self._now(), changed.not_before):
                changed = msgspec.structs.replace(changed, not_before=before.not_before, reason=before.reason)
            cursors.save_pause(conn, changed)


def _longer(one: Pause, other: Pause) -> Pause:
    return max(one, other, key=lambda pause: pause.not_before)
