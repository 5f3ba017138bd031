"""Who may show a page in a frame, said by a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import FLAGGED, Parsed, candidate
from workers.fixers.javascript.script import arguments, called, flagged_node, literal, pairs, quote
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_HEADER = "x-frame-options"
_METHODS = ("set", "header", "setHeader", "writeHead")


@fixer(
    name="javascript-frame-options",
    weakness="frame protection said by a request",
    cwes=(451, 1021),
    rules={"semgrep": ["x-frame-options-misconfiguration"]},
    in_tests=False,
    explain="""`X-Frame-Options` keeps other sites from showing a page in a frame of theirs, in which people click on
what they do not see (CWE-1021). Where a request says the header's value, the site that makes the frame says it.

`DENY` shows the page in no frame, `SAMEORIGIN` in frames of the site's own pages. The value is the program's to
say.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`set('X-Frame-Options', req.…)` → a value of the program's own."""
    file, call = flagged_node(target, ("call_expression",), lambda each, node: _value(each, node) is not None)
    value, mark = _value(file, call), quote(file)
    if value is None:
        message = f"{file.path}:{file.number(call)} does not show the header's value"
        raise NoFix(message)
    for approach, text, why in (
        ("deny", "DENY", "No page may show this one in a frame."),
        ("same-origin", "SAMEORIGIN", "Pages of this site alone may show this one in a frame."),
    ):
        yield candidate(
            approach,
            [file.replace(value, f"{mark}{text}{mark}")],
            why,
            declares=(f"{FLAGGED}/delete",),
            warnings=("A page of another site that shows this one on purpose no longer can.",),
        )


def _value(file: Parsed, call: Node) -> Node | None:
    given = arguments(call)
    if called(file, call).rpartition(".")[2] not in _METHODS or not given:
        return None
    headers = next((each for each in given if each.type == "object"), None)
    if headers is not None:
        found = (value for name, _, value in pairs(file, headers) if name.lower() == _HEADER)
        return next((value for value in found if literal(file, value) is None), None)
    named = len(given) > 1 and (literal(file, given[0]) or "").lower() == _HEADER
    return given[1] if named and literal(file, given[1]) is None else None
