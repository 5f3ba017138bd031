"""Security headers that a response lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.http.server import place_of
from workers.fixers.registry import NoFix, Target, fixer

_PROBE = "ask the running server for the page again: no scanner here can"
_HEADERS: dict[str, tuple[str, tuple[tuple[str, str, str], ...]]] = {
    "10021": ("X-Content-Type-Options", (("nosniff", "nosniff", ""),)),
    "10020": (
        "X-Frame-Options",
        (
            ("deny-frames", "DENY", "no page can show this one in a frame, not even its own site"),
            ("same-origin-frames", "SAMEORIGIN", ""),
        ),
    ),
    "10035": (
        "Strict-Transport-Security",
        (
            ("one-year", "max-age=31536000", "browsers refuse plain HTTP for a year: HTTPS has to work for good"),
            (
                "one-year-with-subdomains",
                "max-age=31536000; includeSubDomains",
                "every subdomain has to answer over HTTPS for good",
            ),
        ),
    ),
    "10038": (
        "Content-Security-Policy",
        (
            (
                "own-origin",
                "default-src 'self'; frame-ancestors 'self'; object-src 'none'",
                "inline and foreign scripts, styles and images stop working: list what the pages need",
            ),
        ),
    ),
    "10063": (
        "Permissions-Policy",
        (("no-devices", "camera=(), geolocation=(), microphone=()", "a page that uses one of them has to be let"),),
    ),
    "90004": (
        "Cross-Origin-Resource-Policy",
        (
            ("same-origin", "same-origin", "other origins can no longer embed what this server sends"),
            ("same-site", "same-site", "other sites can no longer embed what this server sends"),
        ),
    ),
}  # fmt: skip


@fixer(
    name="http-missing-header",
    weakness="security header missing",
    rules={"zap": [f"{number}*" for number in _HEADERS]},
    explain="""Browsers protect a page only as far as its headers ask for it: `nosniff` keeps a file from being run as
what it is not, `X-Frame-Options` and `frame-ancestors` end clickjacking, `Strict-Transport-Security` ends downgrades to
plain HTTP, a Content-Security-Policy limits what injected markup can do, and Cross-Origin-Resource-Policy keeps other
sites from loading the response into their process.

The header is set once, where the server is built, so that error pages carry it too. Where the repository has several
servers, or none that is known, it is not guessed which one answered.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The header, where the only server of the repository sets its headers."""
    number = re.split(r"[-:]", target.finding.rule)[0]
    if number not in _HEADERS:
        message = f"no header is known that answers ZAP's alert {target.finding.rule}"
        raise NoFix(message)
    name, values = _HEADERS[number]
    place = place_of(target.tree)
    for approach, value, cost in values:
        yield Candidate(
            approach=approach,
            edits=(place.edit(name, value),),
            explanation=f"{place.framework} sends `{name}: {value}` with every response, in {place.path}.",
            declares=place.declares,
            warnings=(_PROBE, *([cost] if cost else [])),
        )
