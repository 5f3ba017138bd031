"""The one way to GitHub's API: with the token of the moment, and never earlier than GitHub allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from daemon import events
from daemon.errors import Unavailable
from daemon.poll import limits
from daemon.poll.api import Answer, Api, Limited
from daemon.store import cursors
from daemon.store.cursors import Pause
from daemon.store.engine import Store


class Gate:
    """Holds the token's pauses, in the database too: a restart does not forget them."""

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
        self._pause = Pause(fingerprint="")

    def open(self) -> bool:
        """Begin a round; whether the token is one that was never used before.

        Raises:
            Unavailable: there is none.
        """
        token = self._token()
        if not token:
            message = "there is no GitHub token: `secaid setup --token` keeps one, or set SECAID_GITHUB_TOKEN"
            raise Unavailable(message)
        api = Api(token, self._url, now=self._now, seconds_between_requests=self._gap)
        if self._api is None or self._api.fingerprint != api.fingerprint:
            self.close()
            self._api = api
        else:
            api.close()
        with self._store.read() as conn:
            known = cursors.pause(conn, api.fingerprint)
        self._pause = known or Pause(fingerprint=api.fingerprint)
        return known is None

    def close(self) -> None:
        """Close the connections."""
        if self._api:
            self._api.close()

    @property
    def fingerprint(self) -> str:
        """Of the token."""
        return self._pause.fingerprint

    @property
    def shut_for(self) -> float:
        """Seconds until GitHub may be asked again; 0 for now."""
        return max(0.0, self._pause.not_before - self._now())

    def ask(self, path: str, parameters: Mapping[str, Any] | None = None, etag: str | None = None) -> Answer:
        """One request.

        Raises:
            Limited: it is not the time yet, or GitHub says so now.
            SecaidError: as `Api.get` does.
        """
        if self._api is None or self.shut_for:
            message = f"GitHub is not asked before its time: {self._pause.reason}"
            raise Limited(message, self.shut_for)
        try:
            answer = self._api.get(path, parameters, etag, refusals=self._pause.refusals)
        except Limited as limit:
            self.shut(limit.seconds, str(limit), refusals=self._pause.refusals + 1)
            raise
        self._pause = msgspec.structs.replace(self._pause, refusals=0, reason=None)
        seconds = limits.spent(answer.headers, now=self._now())
        if seconds is not None:
            self.shut(seconds, "nothing is left of this hour's requests")
        return answer

    def shut(self, seconds: float, reason: str, *, refusals: int = 0) -> None:
        """Ask nothing for so long."""
        until = max(self._pause.not_before, self._now() + seconds)
        self._pause = msgspec.structs.replace(self._pause, not_before=until, reason=reason, refusals=refusals)
        self.remember()
        events.emit("github.pause", level="warning", seconds=seconds, reason=reason)

    def remember(self) -> None:
        """Write down what is known of the token."""
        headers = self._api.headers if self._api else {}
        remaining, budget = limits.budget(headers)
        with self._store.begin() as conn:
            cursors.save_pause(conn, msgspec.structs.replace(self._pause, remaining=remaining, budget=budget))
