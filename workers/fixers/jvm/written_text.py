"""What a request says, written into a page by a servlet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate, parsed, region
from workers.fixers.jvm.libraries import has_library, is_part_of_text, is_said
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.syntax import ancestors, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_WRITES = frozenset({"write", "print", "println", "append", "printf", "format"})
_PLAIN = re.compile(r"setContentType\(\s*\"(?:text/plain|application/octet-stream)\b")
_OTHER = re.compile(r"setContentType\(\s*(?!\"text/html)|\.json\(|application/(?:json|xml)")
_CODE = re.compile(
    r"<script\b(?:(?!</script)[\s\S])*$|\bon\w+\s*=\s*[\"'\\]*[^\"'<>]*$|(?:href|src|action|style)\s*=\s*[\\\"']*$",
    re.IGNORECASE,
)


class _Escaper(msgspec.Struct, frozen=True):
    """A library's method that escapes what means something in HTML."""

    approach: str
    library: str
    call: str


_ESCAPERS = (
    _Escaper(
        "spring-escape",
        r"spring-(?:web|webmvc|boot-starter-web)\b",
        "org.springframework.web.util.HtmlUtils.htmlEscape({})",
    ),
    _Escaper("esapi-encoder", r"\besapi\b", "org.owasp.esapi.ESAPI.encoder().encodeForHTML({})"),
    _Escaper("commons-escape", r"[>:]commons-lang[<:\"']", "org.apache.commons.lang.StringEscapeUtils.escapeHtml({})"),
    _Escaper("commons-text-escape", r"commons-text\b", "org.apache.commons.text.StringEscapeUtils.escapeHtml4({})"),
)


@fixer(
    name="jvm-written-text",
    weakness="text of a request in a page",
    cwes=(79,),
    rules={"semgrep": ["no-direct-response-writer", "servletresponse-writer-xss"]},
    in_tests=False,
    explain="""What a servlet writes into a page is read as HTML: a link to the page with `<script>…` in a parameter
runs in the session of whoever follows it (CWE-79).

Between tags and in quoted attributes, `<`, `>`, `&` and the quotes are written as entities, by a library that the
project has already. In a script, a style or an address that is not enough: such places take no text of a request.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`writer.write(… + parameter)` → with the parameter escaped, by each library that the project has."""
    file = parsed(target, "java")
    where = f"{file.path}:{region(target).start_line}"
    places = list(_places(target, file))
    if not places:
        message = f"{where} does not show what of the request is written"
        raise NoFix(message)
    _refuse_other(file, places[0], where)
    for place in places:
        if _CODE.search(_before(file, place)):
            message = f"{where} writes into a script, an event or an address, where escaping HTML is not enough"
            raise NoFix(message)
    made = [each for each in _ESCAPERS if has_library(target, file, each.library)]
    if not made:
        message = f"{where} wants what means something in HTML escaped, and its build names no library that does"
        raise NoFix(message)
    for each in made:
        yield candidate(
            each.approach,
            [file.replace(place, each.call.format(f"String.valueOf({file.text(place)})")) for place in places],
            "What means something in HTML is written as entities: a browser shows the text, and runs nothing of it.",
            declares=[f"statement:{file.number(place)}" for place in places],
            warnings=("Markup in the value is shown, not applied.",),
        )


def _places(target: Target, file: Parsed) -> Iterator[Node]:
    where = region(target)
    for call in file.of("method_invocation"):
        name, given = call.child_by_field_name("name"), call.child_by_field_name("arguments")
        if name is None or given is None or file.text(name) not in _WRITES:
            continue
        if file.number(name) not in where.lines and file.number(call) not in where.lines:
            continue
        said = (node for node in walk(given) if node.is_named and is_said(file, node))
        yield from (node for node in said if is_part_of_text(file, node, given))


def _refuse_other(file: Parsed, place: Node, where: str) -> None:
    """Say so where the answer is no page.

    Raises:
        Harmless: it is plain text.
        NoFix: it is of another kind, in which HTML's entities mean nothing.
    """
    method = next((each for each in ancestors(place) if each.type == "method_declaration"), None)
    text = file.text(method) if method is not None else ""
    if _PLAIN.search(text):
        message = f"{where} answers with plain text, of which a browser runs nothing"
        raise Harmless(message)
    if _OTHER.search(text):
        message = f"{where} answers with something else than a page: escape as that asks for"
        raise NoFix(message)


def _before(file: Parsed, place: Node) -> str:
    """The text that is written before the value, as far as it stands in the same method."""
    method = next((each for each in ancestors(place) if each.type == "method_declaration"), None)
    start = method.start_byte if method is not None else place.start_byte
    texts = (node for node in file.of("string_literal") if start <= node.start_byte < place.start_byte)
    return "".join(file.text(node)[1:-1] for node in texts)
