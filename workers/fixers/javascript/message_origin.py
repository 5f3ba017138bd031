"""Messages to windows of any site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.script import arguments, called, flagged_node, literal, quote
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_OWN = frozenset(("", "window", "self", "globalThis"))
"""The page's own window, in which scripts of the page and of extensions talk to each other."""


@fixer(
    name="javascript-message-origin",
    weakness="message to any origin",
    cwes=(345, 346),
    rules={"semgrep": ["wildcard-postmessage-configuration"]},
    explain="""`postMessage(data, "*")` gives the data to whatever page is in that window at that moment, which
another site may have put there (CWE-345, CWE-346).

A message to one's own window is for this site: `window.location.origin`. An answer is for whoever asked:
`event.origin`. For a window of another site, name that site's origin in full.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`"*"` → this site's own origin."""
    file, call = flagged_node(target, ("call_expression",), _posts_anywhere)
    star, receiver = arguments(call)[1], called(file, call).rpartition(".")[0]
    sender = re.fullmatch(r"(?P<event>\w+)\.source!?\??", receiver)
    if sender is not None:
        yield candidate(
            "sender-origin",
            [file.replace(star, f"{sender['event']}.origin")],
            "Only the site that sent the message can read the answer, whichever page is in its window by then.",
        )
        return
    if receiver not in _OWN:
        message = (
            f"{file.path}:{file.number(call)} does not show whose page is in that window: name the origin that is meant"
        )
        raise NoFix(message)
    yield candidate(
        "same-origin",
        [file.replace(star, "window.location.origin")],
        "Only pages of this site can read the message.",
    )
    mark = quote(file)
    yield candidate(
        "own-origin",
        [file.replace(star, f"{mark}/{mark}")],
        "`/` stands for this page's own origin, whatever it is: no other site can read the message.",
    )


def _posts_anywhere(file: Parsed, call: Node) -> bool:
    given = arguments(call)
    return called(file, call).endswith("postMessage") and len(given) > 1 and literal(file, given[1]) == "*"
