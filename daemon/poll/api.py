"""GitHub's API through PyGithub, for one token: conditional requests, and errors that say what to do.

PyGithub's own retries are off: what a failure means for the next request is decided in one place
(`daemon.poll.limits`) and remembered in the database, so that a restart does not forget it.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import github
import msgspec
import requests
from github import Auth, GithubException

from daemon.errors import RateLimited, Retryable, Unavailable
from daemon.poll import limits

_TIMEOUT_SECONDS = 30
_VERSION = "2022-11-28"
_OBJECT = re.compile(r"^(?:<[^>]*>|\w*Connection(?:Pool)?\([^)]*\)): ")
_GONE, _NOT_MODIFIED, _FOUND, _OK = 410, 304, 302, 200


class TokenRefused(Unavailable):
    """GitHub does not accept the token, or the token may not see this."""


class TokenInvalid(TokenRefused):
    """GitHub does not accept the token for anything (401)."""


class NotFound(TokenRefused):
    """There is no such thing, or none that the token may see (404)."""


class UploadExpired(Unavailable):
    """GitHub has deleted the artifact's bytes."""


class Limited(RateLimited):
    """GitHub asked to stay away for `seconds`."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One response of the API."""

    status: int
    headers: dict[str, str]
    """With names in lower case."""
    body: str

    @property
    def unchanged(self) -> bool:
        """Whether what the ETag stood for is still so."""
        return self.status == _NOT_MODIFIED


def fingerprint(token: str) -> str:
    """Names a token where it may not be written down."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


class Api:
    """The API as one token sees it."""

    def __init__(
        self, token: str, url: str, *, now: Callable[[], float], seconds_between_requests: float = 0.25
    ) -> None:
        self.fingerprint = fingerprint(token)
        self.headers: dict[str, str] = {}
        """Of the newest response."""
        self._now = now
        self._github = github.Github(
            auth=Auth.Token(token),
            base_url=url,
            timeout=_TIMEOUT_SECONDS,
            retry=None,
            per_page=100,
            seconds_between_requests=seconds_between_requests,
            api_version=_VERSION,
            user_agent="secaid",
        )

    def close(self) -> None:
        """Close its connections."""
        self._github.close()

    def get(
        self, path: str, parameters: Mapping[str, Any] | None = None, etag: str | None = None, *, refusals: int = 0
    ) -> Answer:
        """One request; status 200, 302 or, where `etag` still stands, 304. `refusals`: rate limits just before.

        Raises:
            Limited: a rate limit; nothing may be asked of GitHub with this token before.
            TokenRefused: the token is not accepted, or not for this.
            UploadExpired: it was there and is no more (410).
            Retryable: GitHub or the network failed.
        """
        headers = {"If-None-Match": etag} if etag else {}
        with _network(path):
            status, received, body = self._github.requester.requestJson("GET", path, dict(parameters or {}), headers)
        self.headers = {name: str(value) for name, value in received.items()}
        answer = Answer(status=status, headers=self.headers, body=body)
        if status not in {_OK, _FOUND, _NOT_MODIFIED}:
            self._raise(path, answer, refusals)
        return answer

    def _raise(self, path: str, answer: Answer, refusals: int) -> None:
        wait = limits.refusal(answer.status, answer.headers, answer.body, now=self._now(), refusals=refusals)
        said = f"GitHub answers {answer.status} to {path}: {_message(answer.body)}"
        if wait is not None:
            raise Limited(f"{said}; it asks to wait {wait:.0f} s", wait)
        if answer.status == _GONE:
            raise UploadExpired(said)
        if answer.status == 401:
            raise TokenInvalid(f"{said}; give secaid a token that is valid: `secaid setup --token`")
        if answer.status in {403, 404}:
            refused = NotFound if answer.status == 404 else TokenRefused
            raise refused(f"{said}; the token must be allowed to read this repository's Actions (`Actions: read`)")
        raise Retryable(said)


@contextlib.contextmanager
def _network(what: str) -> Iterator[None]:
    try:
        yield
    except (requests.RequestException, GithubException, RuntimeError, ValueError) as error:
        message = f"GitHub cannot be reached for {what}: {_plainly(error)}"
        raise Retryable(message) from error


def _plainly(error: Exception) -> str:
    """Without the objects and the repeated address that `requests` and urllib3 wrap around what happened."""
    inner = error.args[0] if error.args else error
    return _OBJECT.sub("", str(getattr(inner, "reason", None) or inner))


def _message(body: str) -> str:
    try:
        document = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body[:200]
    return str(document.get("message", ""))[:200] if isinstance(document, dict) else ""
