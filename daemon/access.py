"""Whether a token may do what secaid needs: tried, by a read of the very thing, never guessed from its name."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from daemon.errors import Retryable, SecaidError
from daemon.settings import Poll

if TYPE_CHECKING:
    from daemon.poll.api import Api


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What one test read found."""

    target: str
    """A repository; `GitHub` where none is configured."""
    allowed: bool
    asked: bool = True
    """Whether GitHub could be asked at all."""
    says: str


def check(token: str, poll: Poll) -> Sequence[Access]:
    """Read the newest artifact's entry of every configured repository, which takes `Actions: read`; without one,
    ask GitHub for nothing but the rate limit, which takes a valid token.
    """
    # PyGithub takes a quarter of a second to import: only who checks pays for it.
    from daemon.poll.api import Api

    wanted = {one.name: f"/repos/{one.name}/actions/artifacts" for one in poll.repositories} or {
        "GitHub": "/rate_limit"
    }
    with contextlib.closing(Api(token, poll.api_url, now=time.time)) as api:
        return [_read(api, target, path) for target, path in wanted.items()]


def _read(api: Api, target: str, path: str) -> Access:
    try:
        api.get(path, {"per_page": 1})
    except SecaidError as error:
        return Access(target=target, allowed=False, asked=not isinstance(error, Retryable), says=str(error))
    can = "the token is valid" if target == "GitHub" else "the token may read this repository's Actions"
    return Access(target=target, allowed=True, says=can)
