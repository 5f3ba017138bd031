"""Markup of which nobody else says a part: elements, numbers, and values that are made safe where they are inserted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.javascript.binding import bound, given_again
from workers.fixers.javascript.own_value import is_own
from workers.fixers.javascript.script import arguments, called, literal
from workers.fixers.javascript.strings import template
from workers.source.tree import SourceTree

if TYPE_CHECKING:
    from tree_sitter import Node

_ESCAPES = re.compile(r"(?:[\w$]+\.)*(?!\w*un_?escape)(?:encode|\w*(?:escape|saniti[sz]e|purify))\w*$", re.IGNORECASE)
_COUNTS = re.compile(
    r"^(?:Number|parseInt|parseFloat|Math\.\w+|encodeURIComponent|Date\.now)$"
    r"|\.(?:toFixed|getTime|getFullYear|toISOString|toLocaleDateString|toLocaleTimeString|indexOf|fromNow)$"
)
_DATE = re.compile(r"[YMDdHhmsSAaLlTtZzEeyku:.,/ -]{1,24}")
_DATES = re.compile(rb"\b(?:moment|dayjs|luxon|date-fns)\b", re.IGNORECASE)
"""A form of dates, in a file that works with them."""
_TRANSLATES = re.compile(r"(?:\w+\.)*(?:\$?t|translate|i18n|gettext|__|getMessage|localize)")
"""The program's own texts, by their keys."""
_MAKES = re.compile(
    r"^(?:window\.)?document\.(?:createElement(?:NS)?|createTextNode|createDocumentFragment|getElementById)$"
)
_JQUERY = frozenset(("$", "jQuery", "angular.element"))
_KEEPS = frozenset((
    "addClass", "removeClass", "toggleClass", "removeAttr", "attr", "prop", "css", "data", "text", "val", "on", "one",
    "bind", "click", "show", "hide", "clone", "cloneNode", "detach", "find", "children", "parent", "closest", "first",
    "last", "eq", "end", "filter", "not", "next", "prev", "siblings", "appendTo", "prependTo", "insertAfter",
    "insertBefore",
))  # fmt: skip
"""Methods of an element that read no markup."""
_PAIRS = frozenset(("attr", "prop", "css", "data"))
"""Which give a text where they are given a name alone."""
_ADDS = frozenset(("append", "prepend", "before", "after", "html"))
_OPEN = re.compile(
    r"<script\b(?!.*</script)|<style\b(?!.*</style)|=\s*$|\b(?:on\w+|href|src|style)\s*=\s*(?:\"[^\"]*|'[^']*)$",
    re.DOTALL,
)
"""Where a value is no text between tags, nor of an attribute in quotes that only shows it."""
_DEPTH = 4
OWN = "inserts no markup but the program's own: elements, numbers, its texts, or what is made safe where it is inserted"


def is_own_markup(file: Parsed, node: Node, tree: SourceTree, *, depth: int = _DEPTH) -> bool:
    """Whether no markup but the program's own can be in what the expression gives."""
    if node.type in {"parenthesized_expression", "as_expression", "non_null_expression"}:
        return is_own_markup(file, node.named_children[0], tree, depth=depth)
    if _is_element(file, node, tree, depth) or _is_harmless(file, node) or is_own(file, node, tree):
        return True
    if node.type == "ternary_expression":
        return all(is_own_markup(file, each, tree, depth=depth) for each in node.named_children[1:])
    built = template(file, node)
    if built is None:
        return False
    before = ""
    for part in built.parts:
        if isinstance(part, str):
            before += part
        elif _OPEN.search(before):
            return False
    return all(is_own_markup(file, each, tree, depth=depth) for each in _values(file, node))


def _values(file: Parsed, node: Node) -> list[Node]:
    if node.type == "template_string":
        return [each.named_children[0] for each in node.named_children if each.type == "template_substitution"]
    if node.type == "binary_expression":
        return [value for each in node.named_children for value in _values(file, each)]
    return [] if literal(file, node) is not None else [node]


def _is_harmless(file: Parsed, node: Node) -> bool:
    """Whether it is a number or a date, or goes through what escapes or sanitizes it."""
    if node.type == "member_expression":
        return file.text(node).endswith(".length")
    if node.type != "call_expression":
        return False
    name = called(file, node)
    given = arguments(node)
    fixed = bool(given) and all(literal(file, each) is not None for each in given)
    dated = name.endswith((".format", ".toFormat")) and (
        re.match(r"(?:moment|dayjs|luxon|d3)\b", file.text(node)) is not None
        or (fixed and _DATE.fullmatch(literal(file, given[0]) or "") is not None and _DATES.search(file.content))
    )
    translated = fixed and _TRANSLATES.fullmatch(name) is not None
    return bool(dated) or translated or _ESCAPES.match(name) is not None or _COUNTS.search(name) is not None


def _is_element(file: Parsed, node: Node, tree: SourceTree, depth: int) -> bool:
    if node.type == "identifier":
        found = bound(file, node) if depth > 0 else None
        if found is None or found.kind != "value":
            return False
        values = [*([found.node] if found.node is not None else []), *given_again(file, node, found)]
        return bool(values) and all(_is_element(file, each, tree, depth - 1) for each in values)
    if node.type != "call_expression":
        return False
    name = called(file, node)
    if _MAKES.match(name):
        return True
    given = arguments(node)
    if name in _JQUERY:
        return len(given) in {1, 2} and (given[0].type == "this" or literal(file, given[0]) is not None)
    function = node.child_by_field_name("function")
    source = function.child_by_field_name("object") if function is not None else None
    method = name.rpartition(".")[2]
    if source is None or method not in _KEEPS | _ADDS:
        return False
    if method in _PAIRS and len(given) < 2 and not (given and given[0].type == "object"):
        return False
    if method in {"text", "val", "html"} and not given:
        return False
    safe = method in _KEEPS or all(is_own_markup(file, each, tree, depth=depth - 1) for each in given)
    return safe and _is_element(file, source, tree, depth)
