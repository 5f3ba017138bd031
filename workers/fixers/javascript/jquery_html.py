"""Text that jQuery reads as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.dom_html import sanitized
from workers.fixers.javascript.dom_pieces import HTML, MARKUP, is_known_text
from workers.fixers.javascript.own_markup import OWN, is_own_markup
from workers.fixers.javascript.script import arguments, called, flagged_node, literal, quote
from workers.fixers.javascript.strings import quoted, template, written
from workers.fixers.registry import Harmless, NoFix, NotHere, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_OPENED = re.compile(r"\s*(?P<element><(?P<tag>[a-z][a-z0-9]*)(?:\s[^<>]*)?>)(?P<text>[^<>]*)", re.IGNORECASE)
_CLOSED = re.compile(r"(?P<text>[^<>]*)</(?P<tag>[a-z][a-z0-9]*)>\s*", re.IGNORECASE)
_SAYS = re.compile(
    r"[\w$.\[\]()'\"]*(?i:message|msg|error|err|status|name|title|e?mail|user|count|total|date|time|number|text|responseText|reason)\w*"
)
"""What is said to people, rather than markup that somebody made."""
_FIELD = re.compile(
    r"(?:\b(?:target|this)|(?:[iI]nput|[fF]ield|[tT]ext[aA]rea|[sS]elect|[bB]ox|[eE]l(?:em(?:ent)?)?)\d*|[)\]])\.value$"
)
"""The value of what people type into; that of another object may be markup, as a highlighter's result is."""
_METHODS = frozenset({"html", "append", "prepend", "before", "after"})


@fixer(
    name="javascript-jquery-html",
    weakness="text written as HTML",
    cwes=(79,),
    rules={"semgrep": ["prohibit-jquery-html", "jquery-insecure-method"]},
    explain="""`$(…).html(text)` reads the text as HTML: `<img src=x onerror=…>` in it runs (CWE-79), and so it does in
`append` and its like. Text that comes from the address, a field or another element has lost its escaping on the way.

`text(…)` shows it as it is; a text node does for the methods that add. Where markup is wanted, a sanitizer such as
DOMPurify keeps the harmless part of it.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`html(text)` → `text(text)`, or through the sanitizer that the file has."""
    file, call = _flagged(target)
    if is_own_markup(file, arguments(call)[0], target.tree):
        message = f"{file.path}:{file.number(call)} {OWN}"
        raise Harmless(message)
    yield from any_of(
        lambda: _as_text(file, call),
        lambda: _own_element(file, call),
        lambda: sanitized(target, file, call, arguments(call)[0]),
    )


def _flagged(target: Target) -> tuple[Parsed, Node]:
    try:
        return flagged_node(target, ("call_expression",), _writes)
    except NotHere:
        file, call = flagged_node(target, ("call_expression",), _reads)
        message = f"{file.path}:{file.number(call)} reads what the element holds, and writes nothing"
        raise Harmless(message) from None


def _reads(file: Parsed, call: Node) -> bool:
    return called(file, call).endswith(".html") and not arguments(call)


def _own_element(file: Parsed, call: Node) -> Candidate:
    """`html('<h5>' + text + '</h5>')` → the element, made by jQuery and given its text.

    Raises:
        NoFix: it is more than one element around a text.
    """
    function, built = call.child_by_field_name("function"), template(file, arguments(call)[0])
    method = function.child_by_field_name("property") if function is not None else None
    parts = list(built.parts) if built is not None else []
    first, last = (parts[0], parts[-1]) if len(parts) > 2 else ("", "")
    opened = _OPENED.fullmatch(first) if isinstance(first, str) else None
    closed = _CLOSED.fullmatch(last) if isinstance(last, str) else None
    inner = [opened["text"], *parts[1:-1], closed["text"]] if opened and closed else []
    texts = [part for part in inner if isinstance(part, str)]
    values = [part for part in inner if not isinstance(part, str)]
    whole = opened is not None and closed is not None and opened["tag"] == closed["tag"]
    if method is None or file.text(method) != "html" or not whole or any(HTML.search(each) for each in texts):
        message = f"{file.path}:{file.number(call)} writes more than one element around a text"
        raise NoFix(message)
    if not all(_SAYS.fullmatch(each.source) and not MARKUP.search(each.source) for each in values) or opened is None:
        message = f"{file.path}:{file.number(call)} may mean its values as markup"
        raise NoFix(message)
    pieces = [part for part in inner if part != ""]
    mark = quote(file)
    joined = " + ".join(quoted(part, mark) if isinstance(part, str) else part.source for part in pieces)
    text = joined if arguments(call)[0].type == "binary_expression" else written(pieces)
    made = quoted(opened["element"], mark)
    return candidate(
        "own-element",
        [file.edit(method.start_byte, call.end_byte, f"empty().append($({made}).text({text}))")],
        "The element is made of the program's own markup alone, and the value is given to it as text.",
        warnings=("Markup in the value is shown, not applied.",),
    )


def _as_text(file: Parsed, call: Node) -> Candidate:
    function, value = call.child_by_field_name("function"), arguments(call)[0]
    method = function.child_by_field_name("property") if function is not None else None
    if method is None or not _is_text(file, value):
        message = (
            f"{file.path}:{file.number(call)} may mean to write markup: make the elements, and give them their text by "
            "text()"
        )
        raise NoFix(message)
    warnings = ("Markup in the value is shown, not applied.",)
    if file.text(method) == "html":
        return candidate(
            "text",
            [file.replace(method, "text")],
            "The text is shown as it is; nothing is read as HTML.",
            warnings=warnings,
        )
    return candidate(
        "text-node",
        [file.replace(value, f"document.createTextNode({file.text(value)})")],
        "The text is added as a node of its own; nothing in it is read as HTML.",
        warnings=warnings,
    )


def _is_text(file: Parsed, node: Node) -> bool:
    """Whether the value surely is text: of the address, of a field or of an element, or put between plain words."""
    text = file.text(node)
    built = template(file, node)
    if MARKUP.search(text) or (built is not None and HTML.search(built.literal)):
        return False
    field = text.endswith((".val()", ".text()")) or _FIELD.search(text) is not None
    return field or is_known_text(file, text)


def _writes(file: Parsed, call: Node) -> bool:
    given = arguments(call)
    return called(file, call).rpartition(".")[2] in _METHODS and len(given) == 1 and literal(file, given[0]) is None
