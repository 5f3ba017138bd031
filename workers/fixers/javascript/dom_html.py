"""Text of the page or its address that becomes HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.binding import bound
from workers.fixers.javascript.dom_pieces import HTML, MARKUP, appended, is_known_text, placed_beside, puts_back
from workers.fixers.javascript.manifest import dependencies
from workers.fixers.javascript.own_markup import OWN, is_own_markup
from workers.fixers.javascript.script import called, flagged_node, imported, literal
from workers.fixers.javascript.strings import template
from workers.fixers.registry import Harmless, NoFix, NotHere, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_MODULE = re.compile(rb"^\s*import\s|\brequire\(", re.MULTILINE)
_WRITES = ("assignment_expression", "augmented_assignment_expression")
_MADE = re.compile(
    r"(?<![\w$])(?!(?:[\w$]+\.)*(?:String|Number|parseInt|trim|toString|toFixed|to\w+(?:String|Case)|join|get|slice|substring)\()[\w$.]+\("
)
"""A function that may make markup."""
_ESCAPES = re.compile(r"(?:[\w$]+\.)*(?!\w*un_?escape)(?:encode|\w*(?:escape|saniti[sz]e|purify))\w*$", re.IGNORECASE)


@fixer(
    name="javascript-dom-html",
    weakness="text written as HTML",
    cwes=(79,),
    rules={
        "njsscan": ["dom_xss"],
        "semgrep": ["insecure-document-method", "insecure-innerhtml", "*innerhtml*"],
        "eslint": ["no-unsanitized/property"],
        "eslint-plugin-no-unsanitized": ["property"],
    },
    explain="""`element.innerHTML = text` reads the text as HTML: `<img src=x onerror=…>` in it runs (CWE-79). Text that
comes from the address, from a message or from another element's `textContent` has lost its escaping on the way.

`textContent` shows the text as it is and never reads it as HTML: right for names, numbers and messages. Where markup is
wanted, a sanitizer such as DOMPurify keeps the harmless part of it. A value between tags that the program writes itself
is put into its own element by `textContent`.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`innerHTML = text` → `textContent = text`, or through the sanitizer that the file has."""
    if "dangerouslysetinnerhtml" in target.finding.rule_name:
        yield _in_react(target)
        return
    file, node = _flagged(target)
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    prop = left.child_by_field_name("property") if left is not None else None
    if prop is None or right is None:
        message = f"{file.path}:{file.number(node)} is not a plain assignment"
        raise NoFix(message)
    if puts_back(file, file.text(left) if left is not None else "", file.text(right)):
        message = f"{file.path}:{file.number(node)} puts back the HTML that the element itself had"
        raise Harmless(message)
    yield from any_of(
        lambda: _as_text(file, node, prop, right),
        lambda: _as_child(file, node, prop, right),
        lambda: placed_beside(file, node, right),
        lambda: appended(file, node, right),
        lambda: sanitized(target, file, node, right),
    )


def _in_react(target: Target) -> Candidate:
    """`dangerouslySetInnerHTML={{ __html: markup }}` → through the sanitizer.

    Raises:
        Harmless: nobody else has a part in the markup.
    """
    file, pair = flagged_node(target, ("pair",), lambda each, node: each.text(node).startswith("__html"))
    value = pair.child_by_field_name("value")
    if value is None or is_own_markup(file, value, target.tree):
        message = f"{file.path}:{file.number(pair)} {OWN}"
        raise Harmless(message)
    return sanitized(target, file, pair, value)


def _flagged(target: Target) -> tuple[Parsed, Node]:
    try:
        file, node = flagged_node(target, _WRITES, _writes_value)
    except NotHere:
        file, node = flagged_node(target, _WRITES, _writes_html)
        message = (
            f"{file.path}:{file.number(node)} writes what stands there, word for word: nobody else has a say in it"
        )
        raise Harmless(message) from None
    right = node.child_by_field_name("right")
    if right is not None and right.type == "call_expression" and _ESCAPES.match(called(file, right)):
        message = f"{file.path}:{file.number(node)} makes the value safe where it inserts it"
        raise Harmless(message)
    if right is not None and is_own_markup(file, right, target.tree):
        message = f"{file.path}:{file.number(node)} {OWN}"
        raise Harmless(message)
    if node.type != "assignment_expression":
        message = f"{file.path}:{file.number(node)} adds to the HTML: make the element, and append that"
        raise NoFix(message)
    return file, node


def _as_child(file: Parsed, node: Node, prop: Node, right: Node) -> Candidate:
    _refuse_markup(file, node, prop, right)
    said = file.text(right)
    text = said if template(file, right) is not None or said.endswith(".toString()") else f"String({said})"
    return candidate(
        "text-node",
        [file.edit(prop.start_byte, node.end_byte, f"replaceChildren({text})")],
        "What the element held gives way to one text node; nothing in it is read as HTML.",
        warnings=("Markup in the value is shown, not applied.",),
    )


def _refuse_markup(file: Parsed, node: Node, prop: Node, right: Node) -> None:
    if file.text(prop) == "outerHTML":
        message = f"{file.path}:{file.number(node)} replaces the element itself"
        raise NoFix(message)
    built = template(file, right)
    parts = built.literal if built is not None else ""
    if not _is_of_style(file, node) and (HTML.search(parts) or not _is_plain(file, right)):
        message = (
            f"{file.path}:{file.number(node)} may mean to write markup: make the elements with document.createElement "
            "and give them their text by textContent"
        )
        raise NoFix(message)


def _is_of_style(file: Parsed, node: Node) -> bool:
    """Whether it is what a style sheet's element holds, in which no markup is read either way."""
    left = node.child_by_field_name("left")
    held = left.child_by_field_name("object") if left is not None else None
    found = bound(file, held) if held is not None and held.type == "identifier" else None
    made = file.text(found.node) if found is not None and found.kind == "value" and found.node is not None else ""
    return re.fullmatch(r"document\.createElement\(\s*['\"`]style['\"`]\s*\)", made) is not None


def _as_text(file: Parsed, node: Node, prop: Node, right: Node) -> Candidate:
    _refuse_markup(file, node, prop, right)
    return candidate(
        "text-content",
        [file.replace(prop, "textContent")],
        "The text is shown as it is; nothing in it is read as HTML.",
        warnings=("Markup in the value is shown, not applied.",),
    )


def _is_plain(file: Parsed, node: Node) -> bool:
    """Whether the value surely is text: of the address or of an element, or put between words by the program."""
    text = file.text(node)
    if MARKUP.search(text):
        return False
    built = template(file, node)
    made = built is not None and not any(_MADE.search(each.source) for each in built.values)
    return made or is_known_text(file, text)


def sanitizer(file: Parsed) -> str | None:
    """The name under which the file has DOMPurify."""
    found = re.search(
        r"(?:import\s+(\w+)\s+from|(?:const|let|var)\s+(\w+)\s*=\s*require\()\s*['\"]dompurify['\"]",
        file.content.decode(),
        re.IGNORECASE,
    )
    return (found[1] or found[2]) if found is not None else None


def sanitized(target: Target, file: Parsed, node: Node, value: Node) -> Candidate:
    """The value that a node writes as HTML → through the sanitizer that the file or its project has.

    Raises:
        NoFix: they have none.
    """
    name = sanitizer(file)
    edits: tuple[Edit, ...] = ()
    declares: tuple[str, ...] = ()
    if name is None and "dompurify" in dependencies(target.tree, file.path) and _MODULE.search(file.content):
        name, edits, declares = imported(file, "dompurify", "DOMPurify")
    if name is None:
        message = f"{file.path}:{file.number(node)} wants a sanitizer where markup is meant; the file imports none"
        raise NoFix(message)
    return candidate(
        "sanitized",
        [file.replace(value, f"{name}.sanitize({file.text(value)})"), *edits],
        "What could run is taken out of the markup; the rest stays.",
        declares=declares,
    )


def _writes_value(file: Parsed, node: Node) -> bool:
    return _writes_html(file, node) and literal(file, node.child_by_field_name("right")) is None


def _writes_html(file: Parsed, node: Node) -> bool:
    left = node.child_by_field_name("left")
    plain = left is not None and left.type == "member_expression"
    prop = left.child_by_field_name("property") if left is not None and plain else None
    return prop is not None and file.text(prop) in {"innerHTML", "outerHTML"}
