"""Text that jQuery reads as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.dom_html import sanitized
from workers.fixers.javascript.dom_pieces import HTML, MARKUP, is_known_text
from workers.fixers.javascript.script import arguments, called, flagged_node, literal
from workers.fixers.javascript.strings import template
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

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
    file, call = flagged_node(target, ("call_expression",), _writes)
    yield from any_of(lambda: _as_text(file, call), lambda: sanitized(file, call, arguments(call)[0]))


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
    field = text.endswith((".val()", ".text()", ".value"))
    return field or is_known_text(file, text)


def _writes(file: Parsed, call: Node) -> bool:
    given = arguments(call)
    return called(file, call).rpartition(".")[2] in _METHODS and len(given) == 1 and literal(file, given[0]) is None
