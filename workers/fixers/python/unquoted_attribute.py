"""Values of a template in attributes without quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate, read, region
from workers.fixers.registry import NoFix, NotHere, Target, fixer

_UNQUOTED = re.compile(r"(?<=[\w-])=(?P<value>(?:[^\s\"'<>={}]*\{\{(?:[^{}]|\{[^{])*?\}\}[^\s\"'<>={}]*)+)(?=[\s>/]|$)")
_PAGES = (".html", ".htm", ".jinja", ".jinja2", ".j2", ".njk")
_QUOTES_ITSELF = re.compile(r"json|\|\s*safe\b|attr|\bxmlattr", re.IGNORECASE)
"""What may bring quotes of its own into the page."""
_CODE = re.compile(rb"<(?P<close>/?)(?:script|style)\b", re.IGNORECASE)


@fixer(
    name="template-unquoted-attribute",
    weakness="template value in an attribute without quotes",
    cwes=(79,),
    rules={"semgrep": ["template-unquoted-attribute-var", "unquoted-attribute-var"]},
    explain="""Escaping for HTML leaves blanks alone, and in an attribute without quotes a blank ends the value: `x
onmouseover=…` then is one more attribute, which runs (CWE-79).

In quotes the whole value is one attribute, whatever it holds: the engine escapes the quotes in it.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`value={{ name }}` → `value="{{ name }}"`."""
    file = read(target)
    number = region(target).start_line
    if not file.path.endswith(_PAGES):
        message = f"{file.path} is not surely a template of a page"
        raise NotHere(message)
    line = file.line(number).decode()
    marks = list(_CODE.finditer(file.content[: file.starts[number - 1]]))
    if marks and not marks[-1]["close"]:
        message = f"{file.path}:{number} is inside of a script or style, which has no attributes"
        raise NoFix(message)
    found = [match for match in _UNQUOTED.finditer(line) if _in_tag(line, match.start())]
    if not found:
        message = f"{file.path}:{number} does not show where the attribute's value ends: put it in quotes"
        raise NoFix(message)
    if any(_QUOTES_ITSELF.search(match["value"]) for match in found):
        message = f"{file.path}:{number} may insert quotes of its own, as JSON has them: see what comes out"
        raise NoFix(message)
    edits = []
    for match in found:
        quote = "'" if '"' in match["value"] else '"'
        if quote in match["value"]:
            message = f"{file.path}:{number} has both kinds of quotes inside of the value"
            raise NoFix(message)
        start, end = (file.starts[number - 1] + len(line[:at].encode()) for at in match.span("value"))
        edits += [file.insert(start, quote), file.insert(end, quote)]
    yield candidate(
        "quoted",
        edits,
        "The whole value is one attribute; no blank in it ends that.",
        declares=(f"line:{number}",),
    )


def _in_tag(line: str, at: int) -> bool:
    """Whether a tag that begins on the line, or before it, is open there."""
    before = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", line[:at])
    return before.rfind("<") >= before.rfind(">") and (before.count('"') % 2 == 0)
