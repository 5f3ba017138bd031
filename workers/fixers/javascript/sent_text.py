"""Express answers that say again what the request said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.helper import helper
from workers.fixers.javascript.manifest import dependencies
from workers.fixers.javascript.record import is_record
from workers.fixers.javascript.script import (
    STRINGS,
    arguments,
    called,
    flagged_node,
    literal,
    quote,
    resolved,
    values_of,
)
from workers.fixers.javascript.sent_helpers import ESCAPED, PLAIN, TYPED
from workers.fixers.javascript.sent_page import escaped_page
from workers.fixers.javascript.strings import template
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.syntax import ancestors, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_REQUEST = re.compile(r"\b(?:req|request|ctx)\.(?:query|params|body|headers|cookies)\b")
_WORDS = re.compile(r"[A-Za-z]{2,}[\s:,.!]")
_ENCODED = re.compile(
    r"\.(?:toString|digest)\(\s*['\"](?:base64(?:url)?|hex)['\"]\s*\)$|^(?:encodeURIComponent|Number|parseInt)\([^()]*\)$"
)
_TEXT_CALL = re.compile(
    r"^(?:String|encodeURIComponent|decodeURIComponent|JSON\.stringify)$"
    r"|\.(?:toString|trim|toUpperCase|toLowerCase|join|replace|replaceAll|substring|toFixed|padStart)$"
)
_MARKUP = re.compile(r"<\s*[a-zA-Z/!]|&\w+;")
_HTML = re.compile(r"html|markup|svg|page|render|template|parse|marked|xml", re.IGNORECASE)
_PLAIN_CALL = re.compile(
    r"^(?:String|Number|parseInt|encodeURIComponent|decodeURIComponent|JSON\.stringify|req(?:uest)?\..*)$"
    r"|\.(?:trim|toUpperCase|toLowerCase|slice|substring|concat|get)$"
)
_JSON = ("object", "array")
_LIST = re.compile(r"^Object\.(?:keys|values|entries|assign|fromEntries)$|\.(?:sort|map|filter|flat|flatMap|reverse)$")
_OTHER_TYPE = re.compile(
    r"(?:header|set|setHeader|type|contentType)\(\s*(?:['\"]content-type['\"],\s*)?['\"](?:[\w-]+/)?"
    r"(?:json|text|txt|plain|csv|x-protobuf|octet-stream|png|jpe?g|webp|pdf|zip)\b(?!/html)",
    re.IGNORECASE,
)
"""The answer said to be something that no browser reads as a page."""
_EXPRESS = frozenset(("express", "@fastify/express", "@nestjs/platform-express"))
_PAGE_TYPE = re.compile(rb"text/html|xml|svg|type\(\s*['\"`]html", re.IGNORECASE)


@fixer(
    name="javascript-sent-text",
    weakness="answer that repeats the request",
    cwes=(79,),
    rules={"njsscan": ["express_xss"], "semgrep": ["direct-response-write", "raw-html-format", "express-*-xss*"]},
    in_tests=False,
    explain="""`res.send(text)` says that the text is HTML, so `<script>` in it runs in the browser of whoever follows a
link that holds it (CWE-79). An object is sent as JSON instead, where nothing runs.

Say what the answer is: `res.json` for data, `text/plain` for text. Where it has to be HTML, every character that means
something there is escaped, or better, a template engine does it for each value. An object goes out as before in each of
these ways.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`res.send(text)` → data as JSON, text as text or escaped."""
    file, call = flagged_node(target, ("call_expression",), _sends)
    given = arguments(call)
    body = next(each for each in given if each.type != "number")
    status = next((file.text(each) for each in given if each.type == "number"), None)
    function = call.child_by_field_name("function")
    response = function.child_by_field_name("object") if function is not None else None
    method = function.child_by_field_name("property") if function is not None else None
    if response is None or method is None:
        message = f"{file.path}:{file.number(call)} does not show its response"
        raise NoFix(message)
    if _by_fastify(target, file):
        message = (
            f"{file.path}:{file.number(call)} answers by Fastify, which sends a text as text/plain and an object as "
            "JSON where nothing says otherwise: a browser runs nothing of it"
        )
        raise Harmless(message)
    if body.type in _JSON or _is_object(file, call, body):
        message = f"{file.path}:{file.number(call)} sends an object, which Express answers as JSON: nothing in it runs"
        raise Harmless(message)
    if _OTHER_TYPE.search(_before(file, call)):
        message = f"{file.path}:{file.number(call)} says before that it sends no HTML: a browser runs nothing of it"
        raise Harmless(message)
    if _is_encoded(file, body):
        message = f"{file.path}:{file.number(call)} sends letters and digits alone: no markup is left in them"
        raise Harmless(message)
    answer = file.text(response) + (f".status({status})" if status is not None else "")
    if (page := escaped_page(file, call, answer, body)) is not None:
        yield page
        return
    _refuse_markup(file, body)
    if not _is_text(file, body):
        message = (
            f"{file.path}:{file.number(call)} does not show that it sends a text: an object goes out as JSON, in which "
            "nothing runs"
        )
        raise NoFix(message)
    handed, data = f"({answer}, {file.text(body)})", _written_as_json(file, body)
    plain = (
        (lambda: _typed(file, response))
        if target.finding.rule_name == "direct-response-write" and status is None
        else (lambda: _through(file, call, "sendPlain" + handed, PLAIN, "plain-text", _SHOWN))
    )
    if data is not None:
        yield from any_of(lambda: _as_json(file, call, answer, data), plain)
        return
    built = template(file, body)
    if built is None or not _WORDS.search(built.literal):
        # A value alone is for a program, which takes it as it is.
        yield from any_of(plain)
        return
    yield from any_of(plain, lambda: _through(file, call, "sendEscaped" + handed, ESCAPED, "escaped", _ENTITIES))


_SHOWN = ("A text is sent as text, in which nothing is markup; objects stay JSON.", "Markup in the text is shown.")
_ENTITIES = (
    "What means something in HTML is escaped in a text; objects stay JSON.",
    "A client that is no browser sees the entities.",
)


def _written_as_json(file: Parsed, body: Node) -> Node | None:
    """What `JSON.stringify` is given, where it is given nothing else."""
    given = arguments(body) if body.type == "call_expression" and called(file, body) == "JSON.stringify" else []
    return given[0] if len(given) == 1 else None


def _as_json(file: Parsed, call: Node, answer: str, data: Node) -> Candidate:
    return candidate(
        "json",
        [file.replace(call, f"{answer}.json({file.text(data)})")],
        "The same text goes out as what it is: JSON, of which a browser runs nothing.",
        warnings=(
            "A client that parses data by itself where they are said to be JSON, as jQuery does, gets an object.",
        ),
    )


def _typed(file: Parsed, response: Node) -> Candidate:
    mark = quote(file)
    return candidate(
        "plain-text",
        [file.insert(response.end_byte, f".type({mark}text/plain{mark})")],
        "The answer says that it is plain text, in which nothing is markup.",
        warnings=("Markup in the text is shown.",),
    )


def _is_encoded(file: Parsed, body: Node) -> bool:
    """Whether it is made of letters and digits, whatever it was before."""
    value = resolved(file, body, "call_expression")
    return value is not None and _ENCODED.search(file.text(value)) is not None


def _is_text(file: Parsed, body: Node) -> bool:
    """Whether it is a text that the program makes, or what the request says, which may be one."""
    if body.type in {"parenthesized_expression", "ternary_expression"}:
        inner = body.named_children[-2:] if body.type == "ternary_expression" else body.named_children
        return any(_is_text(file, each) for each in inner)
    if body.type in STRINGS or _REQUEST.match(file.text(body)):
        return True
    if body.type == "binary_expression":
        return any(_is_text(file, each) for each in body.named_children)
    if body.type == "call_expression":
        return _TEXT_CALL.search(called(file, body)) is not None
    if body.type != "identifier":
        return False
    name = re.escape(file.text(body))
    if re.search(rf"\{{[^{{}}]*\b{name}\b[^{{}}]*\}}\s*=\s*(?:req|request|ctx)\b", file.content.decode()):
        return True
    values = [value for value in values_of(file, file.text(body)) if value is not None]
    return bool(values) and all(value.type != "identifier" and _is_text(file, value) for value in values)


def _before(file: Parsed, call: Node, around: tuple[str, ...] = ("statement_block", "program")) -> str:
    """What stands before the call in its block, or in what else is around it."""
    block = next((each for each in ancestors(call) if each.type.startswith(around)), None)
    return file.slice(block.start_byte, call.start_byte) if block is not None else ""


def _by_fastify(target: Target, file: Parsed) -> bool:
    """Whether the project's server is Fastify, and the file sends no page."""
    asked = dependencies(target.tree, file.path)
    return "fastify" in asked and not asked.keys() & _EXPRESS and not _PAGE_TYPE.search(file.content)


def _is_object(file: Parsed, call: Node, body: Node) -> bool:
    """Whether it is a list, or a variable whose properties are set, or read, before."""
    if body.type == "call_expression" and _LIST.search(called(file, body)):
        return True
    if body.type == "identifier" and is_record(file, body):
        return True
    name = re.escape(file.text(body))
    made = rf"(?:const|let|var)\s+{name}\s*=\s*[\[{{]|(?<![\w.$]){name}\.\w+\s*=[^=>]"
    used = rf"(?<![\w.$]){name}\.(?!length\b)\w+(?!\w|\s*[(?.\[])"
    if body.type == "identifier" and re.search(used, _before(file, call, ("function", "arrow", "method", "program"))):
        return True
    return body.type == "identifier" and re.search(made, _before(file, call)) is not None


def _refuse_markup(file: Parsed, body: Node) -> None:
    """Refuse what may be a page.

    Raises:
        NoFix: it holds markup of its own, its name says that it does, or another function makes it.
    """
    made_by = next((called(file, node) for node in walk(body) if node.type == "call_expression"), "")
    if made_by and not _PLAIN_CALL.search(made_by):
        message = (
            f"{file.path}:{file.number(body)} sends what `{made_by}` makes, which may be a page: have its template "
            "escape each value"
        )
        raise NoFix(message)
    texts = [file.text(body)]
    for name in re.findall(r"(?<![\w.])[A-Za-z_]\w*", texts[0]):
        made = rf"(?<![\w.]){name}\s*=(?!=)(?P<value>[^;\n]*)|(?<![\w.]){name}\.push\((?P<pushed>[^;\n]*)"
        texts += [found[0] for found in re.finditer(made, file.content.decode())]
    if any(_MARKUP.search(text) or _HTML.search(text) for text in texts):
        message = (
            f"{file.path}:{file.number(body)} sends a page that it puts together itself: let a template engine escape "
            "each value in it"
        )
        raise NoFix(message)


def _through(file: Parsed, call: Node, text: str, source: str, approach: str, words: tuple[str, str]) -> Candidate:
    added = helper(file, source, typed=TYPED)
    why, warning = words
    return candidate(
        approach, [file.replace(call, text), *added.edits], why, declares=added.declares, warnings=(warning,)
    )


def _sends(file: Parsed, call: Node) -> bool:
    given = arguments(call)
    bodies = [each for each in given if each.type != "number"]
    return (
        called(file, call).endswith(".send")
        and len(given) <= 2
        and len(bodies) == 1
        and literal(file, bodies[0]) is None
    )
