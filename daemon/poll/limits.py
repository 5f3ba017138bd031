"""GitHub's rate limits. consumes a response's status, headers and body → produces the seconds to stay away.

As its documentation asks: `retry-after` first; then, where nothing of the budget is left, `x-ratelimit-reset`;
else a minute, doubled while it goes on. The moments it names are on its own clock, so its own `date` is what
they are measured against.
"""

from __future__ import annotations

import email.utils
import math
from collections.abc import Mapping

_UNAVAILABLE = 503
_MINUTE = 60.0
_LONGEST = 3600.0
_ROUNDING = 1.0
"""`x-ratelimit-reset` and `date` are whole seconds: the moment may lie anywhere within."""

Headers = Mapping[str, str]
"""With names in lower case."""


def refusal(status: int, headers: Headers, body: str, *, now: float, refusals: int = 0) -> float | None:
    """Seconds to stay away, if this response is a rate limit's; None if it is anything else.

    Args:
        status: of the response.
        headers: of the response.
        body: of the response.
        now: seconds since 1970 by this machine's clock, for a response that has no `date`.
        refusals: rate limits met in succession before this one.
    """
    after = _retry_after(headers, now)
    if status == _UNAVAILABLE:
        # Maintenance or overload; where it names no time, it is a failure like any other.
        return after
    if status not in {403, 429}:
        return None
    reset = _until_reset(headers, now)
    if after is None and reset is None:
        told = status == 429 or "rate limit" in body.lower() or "abuse" in body.lower()
        return min(_LONGEST, _MINUTE * 2.0 ** min(refusals, 10)) if told else None
    return max(after or 0.0, reset or 0.0, _ROUNDING)


def spent(headers: Headers, *, now: float) -> float | None:
    """Seconds to stay away after an answer that used up the budget; None while some is left."""
    return _until_reset(headers, now)


def budget(headers: Headers) -> tuple[int | None, int | None]:
    """Requests left, and requests per hour."""
    left, most = _number(headers, "x-ratelimit-remaining"), _number(headers, "x-ratelimit-limit")
    return None if left is None else int(left), None if most is None else int(most)


def server_time(headers: Headers, now: float) -> float:
    """GitHub's clock at this response, in seconds since 1970; this machine's where it does not tell."""
    parsed = _date(headers.get("date", ""))
    return now if parsed is None else parsed


def _retry_after(headers: Headers, now: float) -> float | None:
    seconds = _number(headers, "retry-after")
    if seconds is not None:
        return max(_ROUNDING, seconds)
    until = _date(headers.get("retry-after", ""))
    return None if until is None else max(_ROUNDING, until - server_time(headers, now) + _ROUNDING)


def _until_reset(headers: Headers, now: float) -> float | None:
    reset = _number(headers, "x-ratelimit-reset")
    if reset is None or _number(headers, "x-ratelimit-remaining") != 0:
        return None
    return max(_ROUNDING, reset - server_time(headers, now) + _ROUNDING)


def _number(headers: Headers, name: str) -> float | None:
    try:
        value = float(headers[name])
    except (KeyError, ValueError):
        return None
    return value if math.isfinite(value) and 0 <= value < 1e11 else None


def _date(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
