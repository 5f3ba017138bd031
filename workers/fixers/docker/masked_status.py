"""A variable that is declared and given a command's output in one step."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.docker.build import candidate, flagged
from workers.fixers.docker.script import Script
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import syntax

_DECLARED = re.compile(r"export\s+(?P<name>\w+)=(?P<value>.+)", re.DOTALL)
_LISTS = frozenset(("program", "list", "compound_statement", "subshell", "do_group", "if_statement"))


@fixer(
    name="docker-masked-status",
    weakness="status of a command unseen",
    rules={"hadolint": ["SC2155"]},
    explain="""`export VERSION="$(curl …)"` ends with the status of `export`, which is always 0: when curl fails, the
variable is empty and the build goes on. In two steps the assignment has the status of the command, and `&&` or
`set -e` stops there.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """The assignment and the declaration one after the other, in either order."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    found = []
    for node in syntax.walk(script.root):
        match = _DECLARED.fullmatch(script.source(node)) if node.type == "declaration_command" else None
        if match and any(inner.type == "command_substitution" for inner in syntax.walk(node)):
            found.append((node, match))
    plain = [
        node
        for node, match in found
        if node.parent is not None
        and node.parent.type in _LISTS
        and (node.prev_sibling is None or node.prev_sibling.type != "||")
        and sum(inner.type == "variable_assignment" for inner in node.children) == 1
    ]
    if not found or len(plain) < len(found):
        message = f"{file.path}:{one.line}: where a variable is declared and filled at once is not plain to see"
        raise NoFix(message)
    ways = (
        ("assign-then-declare", "{name}={value} && export {name}", "The assignment's own status decides"),
        ("declare-then-assign", "export {name} && {name}={value}", "The last status is the command's"),
    )
    for approach, text, how in ways:
        edits = [
            file.edit(script.offset + node.start_byte, script.offset + node.end_byte, text.format(**match.groupdict()))
            for node, match in found
        ]
        yield candidate(approach, edits, f"{how}: the step fails when the command does.", ["RUN"])
