"""Connections to a database that take a TLS which is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.manifest import refuse_older_node
from workers.fixers.javascript.options import remove_pair
from workers.fixers.javascript.script import flagged_node, literal
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_OLD = re.compile(r"TLSv1(?:\.1)?|SSLv[23]")
_SERVER = "A database server that is older than that has to be updated first."


@fixer(
    name="javascript-tls-minimum",
    weakness="TLS of an old version",
    cwes=(326, 327),
    rules={"semgrep": ["sequelize-weak-tls-version"]},
    explain="""TLS 1.0 and 1.1 sign with MD5 and SHA-1 and allow ciphers that have been broken; RFC 8996 took both out
of use (CWE-326, CWE-327). Whoever is on the way can bring two ends that still take them down to the weakest.

Node asks for TLS 1.2 at least unless told otherwise, which every database in use speaks.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`minVersion: 'TLSv1'` → TLS 1.2, or Node's own least."""
    file, pair = flagged_node(target, ("pair",), _is_old)
    value = pair.child_by_field_name("value")
    if value is None:
        message = f"{file.path}:{file.number(pair)} has no value"
        raise NoFix(message)
    mark = file.text(value)[0]
    yield from any_of(
        lambda: candidate(
            "tls-1.2",
            [file.replace(value, f"{mark}TLSv1.2{mark}")],
            "Nothing older than TLS 1.2 is taken.",
            warnings=(_SERVER,),
        ),
        lambda: _default(target, file, pair),
    )


def _default(target: Target, file: Parsed, pair: Node) -> Candidate:
    refuse_older_node(target.tree, file.path, 12, "a least version of TLS 1.2")
    return candidate(
        "default", [remove_pair(file, pair)], "Node itself asks for TLS 1.2 at least.", warnings=(_SERVER,)
    )


def _is_old(file: Parsed, pair: Node) -> bool:
    key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
    named = key is not None and file.text(key).strip("'\"") == "minVersion"
    return named and _OLD.fullmatch(literal(file, value) or "") is not None
