"""A variable that is declared and given a command's output in one step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.docker.build import before, candidate, flagged
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import syntax
from workers.source.dockerfile import Dockerfile, Instruction

if TYPE_CHECKING:
    from tree_sitter import Node

_DECLARED = re.compile(r"export\s+(?P<name>\w+)=(?P<value>.+)", re.DOTALL)
_STOPPING = re.compile(r"(?<!\w)-(?:\w*e|o[ \",]+errexit)")
_STOPS = "the step fails when the command does"
_LISTS = frozenset(("program", "list", "compound_statement", "subshell", "do_group", "if_statement"))


@fixer(
    name="docker-masked-status",
    weakness="status of a command unseen",
    rules={"hadolint": ["SC2155"]},
    explain="""`export VERSION="$(curl …)"` ends with the status of `export`, which is always 0: when curl fails, the
variable is empty and the build goes on. In two steps the assignment has the status of the command, and `&&`, `set -e`
or `|| exit 1` stops there.""",
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
    for approach, first, second in (
        ("assign-then-declare", "{name}={value}", "export {name}"),
        ("declare-then-assign", "export {name}", "{name}={value}"),
    ):
        edits, claims = [], []
        for node, match in found:
            joint, stop, claim = _joined(file, one, script, node)
            parts = [text + stop if "=" in text else text for text in (first, second)]
            text = joint.join(parts).format(**match.groupdict())
            edits.append(file.edit(script.offset + node.start_byte, script.offset + node.end_byte, text))
            claims.append(claim)
        how = f"The command's own status decides: {' and '.join(dict.fromkeys(claims))}."
        yield candidate(approach, edits, how, ["RUN"])


def _joined(file: Dockerfile, one: Instruction, script: Script, node: Node) -> tuple[str, str, str]:
    """What stands between the two parts, what behind the assignment, and what comes of a failure.

    `set -e` looks at the last part of an `&&` list alone.
    """
    outer = node
    while outer.parent is not None and outer.parent.type == "list" and _by_and(outer.parent):
        outer = outer.parent
    last = outer.parent == script.root and script.root.named_children[-1] == outer
    if outer is not node or (last and len(script.root.named_children) == 1):
        return " && ", "", _STOPS if last else "what `&&` joins to it does not run when the command fails"
    if any(_STOPPING.search(shell.text) for shell in before(file, one, "SHELL")) or any(
        each.name == "set" and _STOPPING.search(" ".join(word.text for word in each.arguments))
        for each in script.commands
        if each.whole < script.offset + node.start_byte
    ):
        return "; ", "", _STOPS
    return "; ", " || exit 1", _STOPS


def _by_and(node: Node) -> bool:
    return all(child.type == "&&" for child in node.children if not child.is_named)
