"""GCM whose tag may be cut short."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.script import arguments, called, flagged_node, literal
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_LENGTH = re.compile(r"authTagLength['\"]?\s*:\s*(?!16\b)\w+")
_CUT = re.compile(r"(?:getAuthTag\(\)|[tT]ag)\s*\.\s*(?:slice|subarray|substr(?:ing)?)\(")


@fixer(
    name="javascript-gcm-tag",
    weakness="authentication tag of any length",
    cwes=(310, 347),
    rules={"semgrep": ["gcm-no-tag-length"]},
    explain="""GCM's tag shows that nothing was changed. Node takes one of 4 bytes as well as one of 16 unless it is
told how long it has to be, and whoever may send a short one needs few tries to guess it (CWE-347).

Node makes tags of 16 bytes. With `authTagLength: 16` the other side takes no shorter one.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`createDecipheriv('aes-256-gcm', key, iv)` → with `authTagLength: 16`."""
    file, call = flagged_node(target, ("call_expression",), _deciphers)
    source = file.content.decode()
    if _LENGTH.search(source) or _CUT.search(source):
        message = f"{file.path}:{file.number(call)} may be given tags of another length: say that one as authTagLength"
        raise NoFix(message)
    yield candidate(
        "tag-of-16-bytes",
        [file.insert(arguments(call)[2].end_byte, ", { authTagLength: 16 }")],
        "A tag that is shorter than the 16 bytes that Node makes is refused.",
    )


def _deciphers(file: Parsed, call: Node) -> bool:
    given = arguments(call)
    named = called(file, call).rpartition(".")[2] == "createDecipheriv"
    return named and len(given) == 3 and (literal(file, given[0]) or "").lower().endswith("-gcm")
