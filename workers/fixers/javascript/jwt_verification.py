"""Tokens whose signature is not asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.script import arguments, called, flagged_node, literal, option, statement
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_REFUSED = "A token without a signature, or with another one, is refused from now on."


@fixer(
    name="javascript-jwt-verification",
    weakness="token without a signature",
    cwes=(345, 347),
    rules={"semgrep": ["jwt-none-alg", "jwt-simple-noverify"], "njsscan": ["node_jwt_none_algorithm"]},
    in_tests=False,
    explain="""A token says who somebody is, and only its signature says that it is true. Where `none` is among the
algorithms, or the check is switched off, everybody writes a token for whoever they like (CWE-345, CWE-347).

The algorithms are those that the issuer signs with, and no others. jwt-simple checks the signature unless its third
argument says not to.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`algorithms: [..., 'none']` → without it; `decode(token, key, true)` → checked."""
    file, call = flagged_node(target, ("call_expression",), _is_open)
    given = arguments(call)
    if called(file, call).endswith("verify"):
        yield _without_none(file, given[2])
        return
    last = given[2]
    yield from any_of(
        lambda: candidate(
            "checked",
            [file.replace(last, "false")],
            "The signature is checked with the key.",
            warnings=(_REFUSED,),
        ),
        lambda: _left_out(file, given),
    )


def _left_out(file: Parsed, given: list[Node]) -> Candidate:
    if len(given) != 3:
        message = f"{file.path}:{file.number(given[2])} gives another argument behind it"
        raise NoFix(message)
    return candidate(
        "default",
        [file.edit(given[1].end_byte, given[2].end_byte, "")],
        "jwt-simple checks the signature unless told not to.",
        warnings=(_REFUSED,),
    )


def _without_none(file: Parsed, options: Node) -> Candidate:
    listed = option(file, options, "algorithms")
    names = [literal(file, each) for each in listed.named_children] if listed is not None else []
    kept = [each for each in listed.named_children if literal(file, each) != "none"] if listed is not None else []
    if listed is None or None in names or not kept:
        message = (
            f"{file.path}:{file.number(options)} lists nothing but `none`: which algorithm the issuer signs with, and "
            "its key, are not in this file"
        )
        raise NoFix(message)
    start = file.text(listed)
    inner = ", ".join(file.text(each) for each in kept)
    blank = " " if re.match(r"\[\s", start) else ""
    return candidate(
        "without-none",
        [file.replace(listed, f"[{blank}{inner}{blank}]")],
        "Only tokens that are signed are taken.",
        declares=(f"statement:{file.number(statement(listed))}",),
        warnings=(_REFUSED,),
    )


def _is_open(file: Parsed, call: Node) -> bool:
    given, name = arguments(call), called(file, call).rpartition(".")[2]
    if len(given) < 3:
        return False
    if name == "decode":
        return file.text(given[2]) == "true" or (literal(file, given[2]) or "") != ""
    listed = option(file, given[2], "algorithms") if given[2].type == "object" else None
    return (
        name == "verify" and listed is not None and any(literal(file, each) == "none" for each in listed.named_children)
    )
