"""Expressions in single quotes, which the step's own shell leaves alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.docker.build import flagged
from workers.fixers.docker.shell.script import Script
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source import syntax

if TYPE_CHECKING:
    from tree_sitter import Node

_EXPRESSION = re.compile(r"\$[\w{(]|`")
_READS = re.compile(
    r"(?:sed|gsed|awk|gawk|mawk|perl|ruby|php|jq|yq|envsubst|eval|trap|su|ssh|runuser|gosu|tclsh|expect|Rscript|make)$"
    r"|(?:ba|da|a|z|k)?sh$|python[\d.]*$|node$"
)
"""Programs whose own language has `$`."""
_STARTS = frozenset(("find", "xargs", "timeout", "chroot", "su-exec", "setpriv", "docker", "parallel"))
"""Programs that start another one."""
_PRINTS = frozenset(("echo", "printf"))
_AROUND = frozenset(("redirected_statement", "pipeline", "compound_statement", "list", "subshell"))


@fixer(
    name="docker-single-quotes",
    weakness="expression in single quotes",
    rules={"hadolint": ["SC2016"]},
    explain="""The shell expands nothing in single quotes. Where a program gets the text that has `$` in its own
language (sed, awk, perl, `sh -c`), or where a line is written into a file that is read later, that is just what is
meant, and double quotes would break it.""",
    for_a_person=True,
)
def propose(target: Target) -> Iterator[Candidate]:
    """Nothing to mend where somebody else expands it; where nobody does, only the author knows what is meant."""
    file, one = flagged(target, "RUN")
    script = Script(file, one)
    found = [
        node
        for node in syntax.walk(script.root)
        if node.type == "raw_string" and _EXPRESSION.search(script.source(node))
    ]
    readers = [_reader(script, node) for node in found]
    if not found or None in readers:
        text = next((script.source(node) for node, who in zip(found, readers, strict=True) if who is None), "it")
        message = (
            f"{file.path}:{one.line}: whether {text[:60]} should be expanded is not plain to see: a person decides"
        )
        raise NoFix(message)
    who = " and ".join(dict.fromkeys(each for each in readers if each))
    message = f"{file.path}:{one.line}: the single quotes are meant: {who} gets the expression as it stands"
    raise Harmless(message)


def _reader(script: Script, node: Node) -> str | None:
    """Who expands it later: a program, or who reads the file that it is written to."""
    above: Node | None = node
    while above is not None and above.type not in {"command", "pipeline", "list", "program"}:
        above = above.parent
    if above is None or above.type != "command":
        return None
    start = script.offset + above.start_byte
    call = next((each for each in script.commands if each.whole == start), None)
    if call is None:
        return None
    behind = [word for word in call.words if word.end <= script.offset + node.start_byte]
    named = [word.text.rpartition("/")[2] for word in behind] if call.name in _STARTS else [call.name]
    if program := next((name for name in named if _READS.match(name)), None):
        return f"`{program}`"
    if call.name in _PRINTS and _written(above):
        return "what reads the printed text"
    return None


def _written(node: Node) -> bool:
    """Whether what a command prints goes into a file or another program.

    The grammar puts the redirection of a list's last command around the whole list.
    """
    inner, above, last = node, node.parent, True
    while above is not None and above.type in _AROUND:
        last = last and (above.type != "list" or above.named_children[-1].id == inner.id)
        last = last or above.type in {"compound_statement", "subshell"}
        if last and (above.type == "pipeline" or any(child.type == "file_redirect" for child in above.children)):
            return True
        inner, above = above, above.parent
    return False
