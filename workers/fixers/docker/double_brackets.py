"""`[[ … ]]`, which /bin/sh need not know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.docker.build import candidate, flagged
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import NoFix, Target, fixer
from workers.source import syntax

if TYPE_CHECKING:
    from tree_sitter import Node

_ASKS = frozenset(("-z", "-n", "-f", "-d", "-e", "-s", "-x", "-r", "-w", "-h", "-L", "-p", "-S"))
_COMPARES = {"=": "=", "==": "=", "!=": "!="}
_STARTS = frozenset(("if", "elif", "while", "until", "then", "else", "do", "{", "(", ";", "\n"))
"""What a list of commands begins behind."""
_PATTERN = re.compile(r"[*?\[(~]")
_VALUE = re.compile(r"\$\w+|\$\{[^\"'`]*\}|\$\([^\"`]*\)")


@fixer(
    name="docker-double-brackets",
    weakness="test that only bash knows",
    rules={"hadolint": ["SC3010", "SC3014"]},
    explain="""RUN takes /bin/sh. Debian's is dash, which knows no `[[`: it says "not found", the condition counts as
false, and the build goes on as if it were. `[ … ]`, and `test` which is the same, are POSIX; in them a value stands in
quotes, and `&&` joins two tests instead of standing inside of one.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`[ … ]` with quoted values, or `test`; patterns, expressions and arithmetic stay bash's."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    found = [node for node in syntax.walk(script.root) if node.type == "test_command" and node.children[0].type == "[["]
    tests = [_tests(script, node) for node in found]
    if not found or None in tests:
        what = "holds what only bash can do" if found else "is not plain to see"
        message = f"{file.path}:{one.line}: the test in `[[ … ]]` {what}"
        raise NoFix(message)
    how = "The same question, as every shell knows it."
    for approach, form in (("single-brackets", "[ {} ]"), ("test-command", "test {}")):
        edits = [
            file.edit(script.offset + node.start_byte, script.offset + node.end_byte, _joined(parts, form))
            for node, parts in zip(found, tests, strict=True)
            if parts
        ]
        warnings = ["where /bin/sh is dash, the condition was false whatever the values were: now it is asked"]
        yield candidate(approach, edits, how, ["RUN"], warnings)


def _joined(parts: list[str], form: str) -> str:
    """Tests and the operators between them, each test in its own brackets."""
    return " ".join(part if part in {"&&", "||"} else form.format(part) for part in parts)


def _tests(script: Script, node: Node) -> list[str] | None:
    """The tests, with `&&` and `||` between; none where POSIX has no such test, or what is around would join them."""
    inner = node.named_children
    if len(inner) != 1:
        return None
    parts = _parts(script, inner[0])
    before = node.prev_sibling
    negated = node.parent is not None and node.parent.type == "negated_command"
    if parts is not None and len(parts) > 1:
        first = before is None or before.type in _STARTS
        joins = {part for part in parts if part in {"&&", "||"}}
        if negated or len(joins) > 1 or not (first or (before is not None and before.type == "&&" and joins == {"&&"})):
            return None
    return parts


def _parts(script: Script, node: Node) -> list[str] | None:
    children = node.children
    if node.type == "binary_expression" and len(children) == 3 and children[1].type in {"&&", "||"}:
        left, right = _parts(script, children[0]), _parts(script, children[2])
        return [*left, children[1].type, *right] if left and right else None
    one = _one(script, node)
    return [one] if one else None


def _one(script: Script, node: Node) -> str | None:
    """One question."""
    children = node.children
    if node.type == "unary_expression" and children[0].type == "!" and len(children) == 2:
        inner = _one(script, children[1])
        return f"! {inner}" if inner and not inner.startswith("!") else None
    if node.type == "unary_expression" and len(children) == 2 and script.source(children[0]) in _ASKS:
        word = _word(script, children[1])
        return f"{script.source(children[0])} {word}" if word else None
    if node.type == "binary_expression" and len(children) == 3 and script.source(children[1]) in _COMPARES:
        left, right = _word(script, children[0]), _word(script, children[2])
        # A bare variable on the right is a pattern in bash.
        pattern = children[2].type != "string" and "$" in script.source(children[2])
        return f"{left} {_COMPARES[script.source(children[1])]} {right}" if left and right and not pattern else None
    if node.type in {"simple_expansion", "expansion", "string"}:
        word = _word(script, node)
        return f"-n {word}" if word else None
    return None


def _word(script: Script, node: Node) -> str | None:
    """The word, in quotes where the shell would split it."""
    text = script.source(node)
    if node.type in {"string", "raw_string", "number"}:
        return text
    if _VALUE.fullmatch(text):
        return f'"{text}"'
    return None if _PATTERN.search(text) or re.search(r"[\s$\"'`\\]", text) else text
