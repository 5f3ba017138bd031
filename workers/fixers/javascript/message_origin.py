"""Messages to windows of any site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.script import arguments, called, flagged_node, literal
from workers.fixers.registry import Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node


@fixer(
    name="javascript-message-origin",
    weakness="message to any origin",
    cwes=(345, 346),
    rules={"semgrep": ["wildcard-postmessage-configuration"]},
    explain="""`postMessage(data, "*")` gives the data to whatever page is in that window at that moment, which
another site may have put there (CWE-345, CWE-346).

`window.location.origin` limits it to pages of this site. For a window of another site, name that site's origin in
full.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`"*"` → this site's own origin."""
    file, call = flagged_node(target, ("call_expression",), _posts_anywhere)
    yield candidate(
        "same-origin",
        [file.replace(arguments(call)[1], "window.location.origin")],
        "Only pages of this site can read the message.",
        warnings=("A window of another site no longer gets it: name its origin instead.",),
    )


def _posts_anywhere(file: Parsed, call: Node) -> bool:
    given = arguments(call)
    return called(file, call).endswith("postMessage") and len(given) > 1 and literal(file, given[1]) == "*"
