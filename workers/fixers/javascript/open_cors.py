"""Express answers that every site may read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.script import arguments, called, flagged_node, literal
from workers.fixers.registry import Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_HEADER = "access-control-allow-origin"
_METHODS = ("set", "header", "setHeader")


@fixer(
    name="javascript-open-cors",
    weakness="cross-origin access for every site",
    cwes=(346, 942),
    rules={"njsscan": ["express_cors"], "semgrep": ["cors-misconfiguration", "express-cors", "x-cors-wildcard"]},
    explain="""`Access-Control-Allow-Origin: *` lets scripts of every site read the answer (CWE-346, CWE-942). That is
right for public data, and wrong for anything that depends on who asks or from where.

One origin, named in full, is the fix. From the environment it can differ by place; where nobody names one, the header
is empty and no other site can read the answer. Several sites need a list, from which the request's own origin is
answered, with `Vary: Origin`.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`"*"` → the one origin that the environment names."""
    file, call = flagged_node(target, ("call_expression",), _allows_all)
    star = arguments(call)[1]
    yield candidate(
        "origin-from-environment",
        [file.replace(star, f"process.env.ALLOWED_ORIGIN || {file.text(star)[0] * 2}")],
        "Only pages of the site in ALLOWED_ORIGIN can read the answer; without it none can.",
        warnings=("Set ALLOWED_ORIGIN to the site that calls this, with its scheme.",),
    )


def _allows_all(file: Parsed, call: Node) -> bool:
    given = arguments(call)
    if called(file, call).rpartition(".")[2] not in _METHODS or len(given) < 2:
        return False
    return (literal(file, given[0]) or "").lower() == _HEADER and literal(file, given[1]) == "*"
