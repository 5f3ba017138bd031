"""Answers of Java's servlets and of Spring that every site may read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate, parsed, region
from workers.fixers.jvm.source import before_line, statement
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_HEADER = "access-control-allow-origin"
_CREDENTIALS = re.compile(rb"Access-?Control-?Allow-?Credentials|ACCESS_CONTROL_ALLOW_CREDENTIALS", re.IGNORECASE)
_METHODS = frozenset({"addHeader", "setHeader", "add", "set", "header"})
_REQUEST = re.compile(r"\bHttpServletRequest\s+(?P<name>\w+)\s*[,)]")
_SERVLET = re.compile(r"\bHttpServletResponse\s+(?P<name>\w+)\s*[,)=]")


@fixer(
    name="jvm-open-cors",
    weakness="cross-origin access for every site",
    cwes=(346, 942),
    rules={"semgrep": ["permissive-cors"]},
    in_tests=False,
    explain="""`Access-Control-Allow-Origin: *` lets scripts of every site read the answer (CWE-346, CWE-942). That is
right for public data, and wrong for anything that depends on who asks or from where.

One origin, named in full, is the fix. From the environment it can differ by place; where nobody names one, the header
is empty and no other site can read the answer. Several sites need a list, from which the request's own origin is
answered, with `Vary: Origin`.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`"*"` → the one origin that the environment names, or the request's own where a list has it."""
    file = parsed(target, "java")
    where = region(target)
    stars = [
        (call, star)
        for call in file.of("method_invocation")
        if file.number(call) in where.lines and (star := _star(file, call)) is not None
    ]
    if not stars:
        message = f"{file.path}:{where.start_line} does not show the header that it sets"
        raise NoFix(message)
    if not _CREDENTIALS.search(file.content):
        message = (
            f"{file.path}:{where.start_line} lets every site read the answer, as a public API does: nothing here shows "
            "that cookies are sent along; name the sites if the answer depends on who asks"
        )
        raise NoFix(message)
    call, star = stars[0]
    yield from any_of(
        lambda: candidate(
            "origin-from-environment",
            [file.replace(star, 'System.getenv().getOrDefault("ALLOWED_ORIGIN", "")')],
            "Only pages of the site in ALLOWED_ORIGIN can read the answer; without it none can.",
            declares=(f"statement:{file.number(statement(file, star.start_byte))}",),
            warnings=("Set ALLOWED_ORIGIN to the site that calls this, with its scheme.",),
        ),
        lambda: _listed(file, call, star),
    )


def _listed(file: Parsed, call: Node, star: Node) -> Candidate:
    method = next((each for each in ancestors(call) if each.type == "method_declaration"), None)
    head = file.text(method).partition("{")[0] if method is not None else ""
    request, response = _REQUEST.search(head), _SERVLET.search(file.text(method) if method is not None else "")
    holder = call.child_by_field_name("object")
    place = statement(file, call.start_byte)
    if request is None or response is None or holder is None or file.text(holder) != response["name"]:
        message = f"{file.path}:{file.number(call)} is in no method that has the request beside the response"
        raise NoFix(message)
    origin = f'{request["name"]}.getHeader("Origin")'
    allowed = 'System.getenv().getOrDefault("ALLOWED_ORIGINS", "").split(",")'
    if re.search(r"\b(?:allowed|origin)\b", file.text(method) if method is not None else ""):
        message = f"{file.path}:{file.number(call)} is in a method that calls something else `origin` already"
        raise NoFix(message)
    lines = (
        f"String origin = {origin};\n"
        f"boolean allowed = java.util.Arrays.asList({allowed}).contains(origin);\n"
        f'{response["name"]}.addHeader("Vary", "Origin");'
    )
    return candidate(
        "listed-origins",
        [before_line(file, place, lines), file.replace(star, 'allowed ? origin : ""')],
        "Pages of the sites in ALLOWED_ORIGINS can read the answer, and caches keep one answer for each of them.",
        declares=(f"insert:{file.number(place)}", f"statement:{file.number(place)}"),
        warnings=("Set ALLOWED_ORIGINS to the sites that call this, with their schemes and commas between them.",),
    )


def _star(file: Parsed, call: Node) -> Node | None:
    name, given = call.child_by_field_name("name"), call.child_by_field_name("arguments")
    values = given.named_children if given is not None else []
    if name is None or file.text(name) not in _METHODS or len(values) != 2:
        return None
    header = file.text(values[0]).strip('"').lower().replace("httpheaders.access_control_allow_origin", _HEADER)
    wild = re.fullmatch(r'"(?:\*[^"]*|null)"', file.text(values[1])) is not None
    return values[1] if header == _HEADER and wild else None
