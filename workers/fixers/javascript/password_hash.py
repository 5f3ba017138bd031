"""Passwords hashed by the kinds of argon2 that are weaker against one attack each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.manifest import dependencies
from workers.fixers.javascript.options import remove_pair
from workers.fixers.javascript.script import flagged_node
from workers.fixers.registry import Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_KIND = re.compile(r"\w+\.argon2[id]")
_SINCE = (0, 30)
_KEPT = "Hashes made before name their own kind and parameters, so they are still checked by them."


@fixer(
    name="javascript-password-hash",
    weakness="password hashed by a weaker kind of argon2",
    cwes=(916,),
    rules={"semgrep": ["unsafe-argon2-config"]},
    explain="""argon2d can be watched by a program on the same machine, as it reads memory by the password; argon2i does
not, and is cheaper to try passwords with (CWE-916). argon2id begins as the one and goes on as the other: RFC 9106 asks
for it first.

It is one option of `hash`, and the own choice of the package's newer releases.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`type: argon2.argon2i` → `argon2id`, or the package's own choice."""
    file, pair = flagged_node(target, ("pair",), _is_other)
    value = pair.child_by_field_name("value")
    kind = value.child_by_field_name("property") if value is not None else None
    makers = []
    if kind is not None:
        makers.append(
            lambda: candidate(
                "argon2id", [file.replace(kind, "argon2id")], "New hashes withstand both.", warnings=(_KEPT,)
            )
        )
    if _by_itself(target, file):
        makers.append(
            lambda: candidate(
                "default", [remove_pair(file, pair)], "The package itself takes argon2id.", warnings=(_KEPT,)
            )
        )
    yield from any_of(*makers)


def _by_itself(target: Target, file: Parsed) -> bool:
    """Whether the package is of a release that takes argon2id unless told otherwise, as its manifest says."""
    release = re.search(r"(\d+)\.(\d+)", dependencies(target.tree, file.path).get("argon2", ""))
    return release is not None and (int(release[1]), int(release[2])) >= _SINCE


def _is_other(file: Parsed, pair: Node) -> bool:
    key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
    named = key is not None and file.text(key).strip("'\"") == "type"
    return named and value is not None and _KIND.fullmatch(file.text(value)) is not None
