"""Cookies that scripts can read or that travel in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate, region
from workers.fixers.jvm.cookie_names import refuse_others, refuse_read
from workers.fixers.jvm.source import before_line, end_mark, flagged_bytes, jvm, matches, statement
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_ADDED = r"\baddCookie\(\s*(?P<name>\w+)\s*\)"
_MADE = r"\b(?P<name>\w+)\s*=\s*(?:new\s+)?(?:[\w.]+\.)?Cookie\("
_FUNCTIONS = ("method_declaration", "function_declaration", "constructor_declaration", "lambda_expression")
_PLAIN = "Over plain HTTP the cookie is not sent."
_WHY = {
    "HttpOnly": "Scripts of the page cannot read the cookie.",
    "Secure": "The browser sends the cookie over HTTPS only.",
}


@fixer(
    name="jvm-cookie-flags",
    weakness="cookie without protective flags",
    cwes=(614, 1004),
    rules={
        "semgrep": [
            "cookie-missing-httponly",
            "cookie-missing-secure-flag",
            "cookie-issecure-false",
            "cookie-setSecure",
        ]
    },
    explain="""A cookie without `HttpOnly` can be read by any script of the page, so one cross-site script takes the
session. Without `Secure` it travels over plain HTTP as well, where whoever is on the way reads it (CWE-614, CWE-1004).

Each is one call before the cookie is added to the response. A page that reads the cookie in JavaScript no longer can,
and over plain HTTP a `Secure` cookie is not sent: that is the point.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A cookie → with the flag that the rule misses."""
    rule = target.finding.rule
    flag = "HttpOnly" if rule.endswith("httponly") else "Secure"
    file = jvm(target)
    span = flagged_bytes(target, file)
    off = matches(file, rf"set{flag}\(\s*(?P<value>false)\s*\)|is{flag}\s*=\s*(?P<kotlin>false)", *span)
    if off:
        if flag == "HttpOnly":
            refuse_read(target, file, _receiver(file, off[0].start()))
        group = "value" if off[0]["value"] else "kotlin"
        edit = file.edit(off[0].start(group), off[0].end(group), "true")
        yield candidate(flag.lower(), [edit], _WHY[flag])
        return
    added = matches(file, _ADDED, *span) or _later(file, span)
    if not added:
        message = f"{file.path}:{region(target).start_line} does not show where the cookie is added to a response"
        raise NoFix(message)
    name = added[0]["name"].decode()
    if flag == "HttpOnly":
        refuse_read(target, file, name)
    call = f"{name}.set{flag}(true){end_mark(file)}"
    holder = statement(file, added[0].start())
    refuse_others(file, name, *_function(file, holder))
    here = matches(file, rf"\b{name}\.(?:set{flag}\(|is{flag}\s*=)", *_function(file, holder))
    if here or matches(file, rf"\bset{flag}\(\s*(?!true\b|false\b)\S", 0, len(file.content)):
        message = f"{file.path}:{file.number(holder)} sets the flag by a condition, which decides when it is sound"
        raise NoFix(message)
    both = "Secure" if flag == "HttpOnly" else "HttpOnly"
    other = f"{name}.set{both}(true){end_mark(file)}"
    declares = (f"insert:{file.number(holder)}",)
    missing = not matches(file, rf"\b{name}\.(?:set|is){both}\b", *_function(file, holder))

    def with_both() -> Candidate:
        refuse_read(target, file, name)
        if not missing:
            message = f"{file.path}:{region(target).start_line} sets the other flag already"
            raise NoFix(message)
        return candidate(
            "both-flags",
            [before_line(file, holder, f"{call}\n{other}")],
            "The browser sends the cookie over HTTPS only and shows it to no script.",
            declares=declares,
            warnings=(_PLAIN,),
        )

    yield from any_of(
        lambda: candidate(
            flag.lower(),
            [before_line(file, holder, call)],
            _WHY[flag],
            declares=declares,
            warnings=(_PLAIN,) if flag == "Secure" else (),
        ),
        with_both,
    )


def _receiver(file: Parsed, offset: int) -> str:
    """The variable whose flag is set there."""
    before = file.slice(file.starts[file.line_of(offset) - 1], offset)
    return re.split(r"\W+", before.rstrip(" .?!"))[-1]


def _function(file: Parsed, holder: Node) -> tuple[int, int]:
    """The bytes of the function around the statement; the whole file where none is."""
    around = next((each for each in ancestors(holder) if each.type in _FUNCTIONS), file.syntax.root)
    return around.start_byte, around.end_byte


def _later(file: Parsed, span: tuple[int, int]) -> list[re.Match[bytes]]:
    """Where a cookie that is made at the flagged lines is added further down."""
    made = matches(file, _MADE, *span)
    if not made:
        return []
    name = made[0]["name"].decode()
    return matches(file, rf"\baddCookie\(\s*(?P<name>{name})\s*\)", span[1], len(file.content))[:1]
