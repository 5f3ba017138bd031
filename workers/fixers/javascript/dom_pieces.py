"""HTML of the program's own with text between its tags: the HTML parsed alone, the text put beside it as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.script import quote, semicolon
from workers.fixers.javascript.strings import quoted, template
from workers.fixers.pieces import Value
from workers.fixers.registry import NoFix

if TYPE_CHECKING:
    from tree_sitter import Node

TEXT = re.compile(r"\.(?:textContent|innerText|hash|search|href|pathname|referrer)\b")
MARKUP = re.compile(r"html|markup|svg|icon|render|template|parse|marked|join\(", re.IGNORECASE)
HTML = re.compile(r"<\w|</|&\w+;")
_READ = re.compile(r"[\w$.\[\]]+\.(?:textContent|innerText)(?:\.trim\(\))?")
_MARKUP_AS_TEXT = re.compile(r"\.(?:textContent|innerText)\s*=\s*[\w$.\[\]]+\.innerHTML\b")
"""An element shows its own markup as text, for somebody to edit it."""
_PLACE = re.compile(r"[\w$]+(?:\.[\w$]+)*")
_VOID = frozenset({"area", "br", "hr", "img", "input", "link", "meta", "wbr"})
_TABLE = frozenset({"caption", "col", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr", "script", "style"})
_SAVED = "label"


def is_known_text(file: Parsed, source: str) -> bool:
    """Whether it is the text of an element or of the address, or the one constant that holds such a text."""
    if _MARKUP_AS_TEXT.search(file.content.decode()):
        return False
    parts = re.split(r"\?\?|\|\||[?:]", source)
    if len(parts) > 1:
        return all(TEXT.search(each) or re.fullmatch(r"\s*(['\"]).*\1\s*", each) for each in parts[-2:])
    if TEXT.search(source):
        return True
    return _READ.fullmatch(_constant(file, source)) is not None


def puts_back(file: Parsed, written: str, source: str) -> bool:
    """Whether the expression is the one constant that holds what `written` had before."""
    return _constant(file, source) == written


def _constant(file: Parsed, name: str) -> str:
    """The source of the one constant's value of that name in the file; empty where there is none."""
    made = [node for node in file.of("variable_declarator") if _named(file, node) == name]
    value = made[0].child_by_field_name("value") if len(made) == 1 else None
    around = made[0].parent if made else None
    constant = value is not None and around is not None and file.text(around).startswith("const ")
    return file.text(value) if constant and value is not None else ""


def placed_beside(file: Parsed, node: Node, right: Node) -> Candidate:
    """`el.innerHTML = `<i></i> ${text}`` → `el.replaceChildren(…)` with the HTML's nodes and the text."""
    element, parts = _parts(file, node, right)
    children = [_child(file, part) for part in parts]
    return candidate(
        "text-beside-markup",
        [file.edit(node.start_byte, node.end_byte, f"{element}.replaceChildren({', '.join(children)})")],
        "The program's own HTML is parsed alone; the text is put beside it as text.",
        warnings=("Markup in the value is shown, not applied.",),
    )


def appended(file: Parsed, node: Node, right: Node) -> Candidate:
    """`el.innerHTML = `<i></i> ${text}`` → the HTML alone, and `el.append(text)` after it."""
    element, parts = _parts(file, node, right)
    where = f"{file.path}:{file.number(node)}"
    static, value = parts[0], parts[-1]
    statement = node.parent
    block = statement.parent if statement is not None and statement.type == "expression_statement" else None
    alone = block is not None and block.type in {"statement_block", "program"}
    if len(parts) != 2 or not isinstance(static, str) or not isinstance(value, Value) or not alone:
        message = f"{where} has its text between pieces of markup"
        raise NoFix(message)
    end, indent = semicolon(file), file.indent(file.number(node))
    saved, text = "", value.source
    if re.search(rf"(?<![\w$.]){re.escape(element)}(?![\w$])", text):
        if re.search(rf"\b{_SAVED}\b".encode(), file.content):
            message = f"{where} reads from what it writes to, and has another `{_SAVED}`"
            raise NoFix(message)
        saved, text = f"const {_SAVED} = {text}{end}\n{indent}", _SAVED
    lines = f"{element}.innerHTML = {quoted(static, quote(file))}{end}\n{indent}{element}.append({text})"
    return candidate(
        "text-appended",
        [file.edit(node.start_byte, node.end_byte, saved + lines)],
        "The program's own HTML is written first; the text is added after it as text.",
        warnings=("Markup in the value is shown, not applied.",),
    )


def _parts(file: Parsed, node: Node, right: Node) -> tuple[str, Sequence[str | Value]]:
    """The element, and the pieces of HTML and text that it is to hold.

    Raises:
        NoFix: a piece of HTML is not whole, a value is not surely text, or the element is not a plain name.
    """
    left = node.child_by_field_name("left")
    holder = left.child_by_field_name("object") if left is not None else None
    prop = left.child_by_field_name("property") if left is not None else None
    line = template(file, right)
    where = f"{file.path}:{file.number(node)}"
    if holder is None or prop is None or file.text(prop) != "innerHTML" or not _PLACE.fullmatch(file.text(holder)):
        message = f"{where} does not write into an element of a plain name"
        raise NoFix(message)
    if line is None or not line.values or not HTML.search(line.literal):
        message = f"{where} puts no text between markup of its own"
        raise NoFix(message)
    if any(isinstance(part, str) and not _is_whole(part) for part in line.parts):
        message = f"{where} puts its text inside of an element: make that one, and give it the text by textContent"
        raise NoFix(message)
    if any(MARKUP.search(each.source) or not is_known_text(file, each.source) for each in line.values):
        message = f"{where} may insert markup: make the elements with document.createElement"
        raise NoFix(message)
    return file.text(holder), line.parts


def _child(file: Parsed, part: str | Value) -> str:
    if isinstance(part, Value):
        return part.source
    if not HTML.search(part):
        return quoted(part, quote(file))
    return f"document.createRange().createContextualFragment({quoted(part, quote(file))})"


class _Tags(HTMLParser):
    """Counts what is open; `wrong` where an end has no beginning, or a tag needs a table around it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.opened: list[str] = []
        self.wrong = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.wrong = self.wrong or tag in _TABLE or any(name.startswith("on") for name, _ in attrs)
        if tag not in _VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self.opened or self.opened.pop() != tag:
            self.wrong = True


def _is_whole(text: str) -> bool:
    """Whether every tag of the text is closed in it."""
    tags = _Tags()
    tags.feed(text)
    parsed = not tags.rawdata or not re.search(r"[<>]", tags.rawdata)
    return parsed and not tags.opened and not tags.wrong


def _named(file: Parsed, node: Node) -> str:
    name = node.child_by_field_name("name")
    return file.text(name) if name is not None else ""
