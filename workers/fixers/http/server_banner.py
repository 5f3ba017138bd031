"""Servers that say in every response what they are, and in which release."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.http.server import place_of
from workers.fixers.registry import NoFix, Target, fixer

_PROBE = "ask the running server for the page again: no scanner here can"
_SAYS = {"10036": ("nginx", "Server"), "10037": ("Express", "X-Powered-By")}
"""ZAP's alert → the server that secaid knows how to quieten, and the header."""


@fixer(
    name="http-server-banner",
    weakness="server says what it is",
    rules={"zap": [f"{number}*" for number in _SAYS]},
    explain=(
        "A response that names its server and release tells whoever scans for it which known weaknesses to try. "
        "Leaving it out hides nothing from somebody who looks closely, but from those who only collect. nginx leaves "
        "its release out with `server_tokens off`, Express its name with `disable`. Approaches: its own switch."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """A server that names its release → the same without."""
    number = re.split(r"[-:]", target.finding.rule)[0]
    framework, header = _SAYS[number]
    place = place_of(target.tree)
    if place.framework != framework or place.quiet is None:
        message = f"what sets `{header}` is not plain to see: the repository has {place.path} ({place.framework})"
        raise NoFix(message)
    yield Candidate(
        approach="no-banner",
        edits=(place.quiet(),),
        explanation=f"{framework} no longer says in `{header}` what it is, by its own switch in {place.path}.",
        declares=place.declares,
        warnings=(_PROBE,),
    )
