"""Flask's debugger left on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import any_of, candidate
from workers.fixers.python.source.calls import argument, keyword, remove_argument
from workers.fixers.python.source.imports import imported
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import Harmless, NoFix, Target, fixer

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_FOR_DEVELOPERS = re.compile(r"\b(?:debug|dev|development)[ -](?:web[ -]?)?server\b", re.IGNORECASE)


@fixer(
    name="python-flask-debug",
    weakness="debugger reachable from the network",
    cwes=(489,),
    rules={"bandit": ["B201"], "semgrep": ["debug-enabled"]},
    explain="""With `debug=True` Flask shows Werkzeug's debugger on every error page: an interactive Python prompt in
the server's process, guarded by a PIN that can be worked out from data other bugs leak (CWE-489, CWE-94).

Without the argument Flask leaves it off. A switch in the environment, off unless `FLASK_DEBUG=1`, keeps it within
reach of a developer and out of what is deployed.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`run(debug=True)` → without it, off, or switched by the environment."""
    file, call = flagged(target, ast.Call, _runs_debug)
    given = keyword(call, "debug")
    if given is None:
        message = f"{file.path}:{call.lineno} does not set debug"
        raise NoFix(message)
    value = given.value
    host = argument(call, 0, "host")
    closed = host is None or (isinstance(host, ast.Constant) and host.value in _LOOPBACK)
    if closed and (said := _FOR_DEVELOPERS.search(file.content.decode())):
        message = f"{file.path}:{call.lineno} is the `{said[0]}` by its own words, and serves this machine alone"
        raise Harmless(message)

    def from_environment() -> Candidate:
        system = imported(target, file, "os")
        return candidate(
            "debug-from-environment",
            [file.replace(value, f'{system.name}.environ.get("FLASK_DEBUG") == "1"'), *system.edits],
            "Off unless the environment of a developer's machine says FLASK_DEBUG=1.",
            declares=system.declares,
        )

    yield from any_of(
        lambda: candidate(
            "debug-off",
            [file.replace(value, "False")],
            "The debugger is off, spelled out; `flask --debug run` turns it on for one developer's session.",
        ),
        from_environment,
        lambda: candidate(
            "default",
            [remove_argument(file, call, given)],
            "Off is what Flask does unless it is told otherwise; `flask --debug run` turns it on for one session.",
        ),
    )


def _runs_debug(_file: Module, call: ast.Call) -> bool:
    given = keyword(call, "debug")
    if given is None or not (isinstance(given.value, ast.Constant) and given.value.value is True):
        return False
    return isinstance(call.func, ast.Attribute) and call.func.attr == "run"
