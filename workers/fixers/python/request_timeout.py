"""HTTP requests that may wait for ever."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.calls import keyword, set_keyword
from workers.fixers.python.imports import imported
from workers.fixers.python.module import Module, flagged
from workers.fixers.registry import Target, fixer

_VERBS = ("get", "options", "head", "post", "put", "patch", "delete", "request")
_HTTPX = (*_VERBS, "stream", "Client", "AsyncClient")
_CALLS = (*(f"requests.{verb}" for verb in _VERBS), *(f"httpx.{name}" for name in _HTTPX))


@fixer(
    name="python-request-timeout",
    weakness="request without a timeout",
    cwes=(400, 1088),
    rules={"bandit": ["B113"], "semgrep": ["use-timeout"]},
    explain="""`requests` has no timeout of its own: a server that accepts the connection and then says nothing holds
the calling thread for ever, and a few such servers hold the whole service (CWE-400). `httpx` has one unless the code
passes `timeout=None`.

`timeout=10` bounds the connection and each wait for data, not the whole download. A pair, `timeout=(3.05, 27)`, gives
up quickly on a host that is down (a little over TCP's 3 s retransmission) and is patient with one that is slow.
Choose figures that the caller can live with and handle `requests.Timeout`.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A request without a bound → one with a single bound, or with one each for connecting and reading."""
    file, call = flagged(target, ast.Call, _unbounded)
    library = (file.qualified(call.func) or "").partition(".")[0]
    warning = "A slower answer now raises a Timeout: check that the caller handles it."
    yield candidate(
        "single-timeout",
        [set_keyword(file, call, "timeout", "10")],
        "The call gives up after ten seconds without an answer, instead of holding its thread for ever.",
        warnings=(warning,),
    )
    if library == "requests":
        yield candidate(
            "connect-and-read-timeout",
            [set_keyword(file, call, "timeout", "(3.05, 27)")],
            "A dead host is noticed within about three seconds, a slow one may take up to 27 between two pieces.",
            warnings=(warning,),
        )
        return
    httpx = imported(target, file, "httpx")
    yield candidate(
        "connect-and-read-timeout",
        [set_keyword(file, call, "timeout", f"{httpx.name}.Timeout(27, connect=3.05)"), *httpx.edits],
        "A dead host is noticed within about three seconds, a slow one may take up to 27 between two pieces.",
        declares=httpx.declares,
        warnings=(warning,),
    )


def _unbounded(file: Module, call: ast.Call) -> bool:
    given = keyword(call, "timeout")
    unset = given is None or (isinstance(given.value, ast.Constant) and given.value.value is None)
    return unset and file.calls(call, *_CALLS)
