"""Express answers that every site may read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.script import (
    TYPED,
    arguments,
    called,
    flagged_node,
    literal,
    pairs,
    quote,
    semicolon,
    statement,
)
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.syntax import ancestors, walk
from workers.source.tests import is_test
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_MEANT = re.compile(rb"\b(?:cors|public|api|any(?:one|body)?|everyone|open|all)\b", re.IGNORECASE)
_SAID = re.compile(r"(?:req|request|ctx|ctx\.request)\.(?:query|body|params|headers|cookies)\b[\w.\[\]'\"-]*")
_SITE = re.compile(r"process\.env\.((?:CLIENT|FRONT_?END|WEB|UI|CORS|ALLOWED)_?(?:URL|ORIGIN))\b")
_SCRIPTS = (".js", ".mjs", ".cjs", ".ts")
_CREDENTIALS = re.compile(rb"Access-Control-Allow-Credentials|\bcredentials\s*:\s*true", re.IGNORECASE)
_HEADER = "access-control-allow-origin"
_METHODS = ("set", "header", "setHeader", "writeHead")


@fixer(
    name="javascript-open-cors",
    weakness="cross-origin access for every site",
    cwes=(346, 942),
    rules={"njsscan": ["express_cors"], "semgrep": ["cors-misconfiguration", "express-cors", "x-cors-wildcard"]},
    in_tests=False,
    explain="""`Access-Control-Allow-Origin: *` lets scripts of every site read the answer (CWE-346, CWE-942). That is
right for public data, and wrong for anything that depends on who asks or from where.

One origin, named in full, is the fix. From the environment it can differ by place; where nobody names one, the header
is empty and no other site can read the answer. Several sites need a list, from which the request's own origin is
answered, with `Vary: Origin`.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`"*"` → the one origin that the environment names."""
    file, call = flagged_node(target, ("call_expression",), _allows_all)
    star = _star(file, call)
    if star is None:
        return
    if literal(file, star) is None:
        said = _said(file, star)
        yield from any_of(lambda: _named(target, file, said), lambda: _listed(file, call, said))
        return
    line = file.number(star)
    beside = re.search(rb"(?://|/\*)(?P<words>.*)", file.line(line)[star.end_point[1] :])
    if beside is not None and _MEANT.search(beside["words"]):
        message = f"{file.path}:{line} is open on purpose, as the comment beside it says: ask who wrote it"
        raise NoFix(message)
    if _variable(target) is None and not _CREDENTIALS.search(file.content):
        message = (
            f"{file.path}:{line} lets every site read the answer, as a public API does: nothing here shows which "
            "sites are meant, or that cookies are sent along; name the sites if the answer depends on who asks"
        )
        raise NoFix(message)
    yield from any_of(lambda: _named(target, file, star), lambda: _listed(file, call, star))


def _said(file: Parsed, value: Node) -> Node:
    """The expression that reads the request: that of a name's declaration, where the name is for the header alone."""
    if value.type != "identifier":
        return value
    made, uses = _declared(file, value)
    if made is None or uses != 2:
        message = (
            f"{file.path}:{file.number(value)} uses the origin for more than the header: set the header apart from it"
        )
        raise NoFix(message)
    return made


def _named(target: Target, file: Parsed, star: Node) -> Candidate:
    """The one origin that the environment names, by the variable that the project has for it if there is one."""
    name = _variable(target) or "ALLOWED_ORIGIN"
    mark = file.text(star)[0] if literal(file, star) is not None else quote(file)
    return candidate(
        "origin-from-environment",
        [file.replace(star, f"process.env.{name} || {mark * 2}")],
        f"Only pages of the site in {name} can read the answer; without it none can.",
        declares=(f"statement:{file.number(statement(star))}",),
        warnings=(f"Set {name} to the site that calls this, with its scheme and without a path.",),
    )


def _variable(target: Target) -> str | None:
    """The one variable of the environment that the project has for the site of its pages."""
    known = {
        found[1]
        for path in target.tree.paths()
        if path.endswith(_SCRIPTS) and not is_test(path)
        for found in _SITE.finditer(text_of(target.tree, path))
    }
    return known.pop() if len(known) == 1 else None


def _listed(file: Parsed, call: Node, star: Node) -> Candidate:
    """The request's own origin where the environment's list holds it, and a cache told that the answer hangs on it."""
    line = file.number(call)
    request, response = _handler(file, call)
    whole = call.parent
    own_line = whole is not None and not file.slice(file.starts[line - 1], whole.start_byte).strip()
    if whole is None or whole.type != "expression_statement" or not own_line:
        message = f"{file.path}:{line} is part of a longer statement"
        raise NoFix(message)
    mark = quote(file) if literal(file, star) is None else file.text(star)[0]
    origin = f"{request}.headers.origin"
    allowed = f"(process.env.ALLOWED_ORIGINS || {mark * 2}).split({mark},{mark})"
    vary = f"{response}.vary({mark}Origin{mark}){semicolon(file)}\n{file.indent(line)}"
    return candidate(
        "listed-origins",
        [
            file.insert(whole.start_byte, vary),
            file.replace(star, f"{allowed}.includes({origin}) ? {origin} : {mark * 2}"),
        ],
        "Pages of the sites in ALLOWED_ORIGINS can read the answer, and caches keep one answer for each of them.",
        declares=(f"insert:{line}", f"statement:{file.number(statement(star))}"),
        warnings=("Set ALLOWED_ORIGINS to the sites that call this, with their schemes and commas between them.",),
    )


def _handler(file: Parsed, call: Node) -> tuple[str, str]:
    """The names of the request and the response in Express' handler around the call.

    Raises:
        NoFix: it is in none.
    """
    response = called(file, call).rpartition(".")[0]
    if not file.path.endswith(TYPED) and called(file, call).endswith((".set", ".header")):
        for node in ancestors(call.parent):
            given = node.child_by_field_name("parameters")
            names = [file.text(each) for each in given.named_children] if given is not None else []
            if names[1:2] == [response] and all(map(str.isidentifier, names)):
                return names[0], response
    message = f"{file.path}:{file.number(call)} is in no handler of Express whose request has a name"
    raise NoFix(message)


def _allows_all(file: Parsed, call: Node) -> bool:
    return _star(file, call) is not None


def _star(file: Parsed, call: Node) -> Node | None:
    """The `"*"`, or what a request says, that the header is given, alone or in an object of headers."""
    given = arguments(call)
    if called(file, call).rpartition(".")[2] not in _METHODS or not given:
        return None
    headers = next((each for each in given if each.type == "object"), None)
    if headers is not None:
        stars = (value for name, _, value in pairs(file, headers) if name.lower() == _HEADER)
        return next((value for value in stars if _is_open(file, value)), None)
    named = len(given) > 1 and (literal(file, given[0]) or "").lower() == _HEADER
    return given[1] if named and _is_open(file, given[1]) else None


def _is_open(file: Parsed, value: Node) -> bool:
    """Whether every site is answered: all of them, or whichever the request names."""
    return literal(file, value) == "*" or _SAID.fullmatch(_made(file, value)) is not None


def _made(file: Parsed, value: Node) -> str:
    """The expression; for a name the value of its only declaration in the function around."""
    made, _ = _declared(file, value)
    return file.text(made if made is not None else value)


def _declared(file: Parsed, name: Node) -> tuple[Node | None, int]:
    """The value of the name's only declaration in the function around, and how often the name stands there."""
    around = next((each for each in ancestors(name) if each.child_by_field_name("body") is not None), None)
    if around is None or name.type != "identifier":
        return None, 0
    same = [each for each in walk(around) if each.type == "identifier" and file.text(each) == file.text(name)]
    made = [each.parent for each in same if each.parent is not None and each.parent.type == "variable_declarator"]
    value = made[0].child_by_field_name("value") if len(made) == 1 else None
    return value, len(same)
