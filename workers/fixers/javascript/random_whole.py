"""Whole numbers drawn by `Math.random()`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.manifest import refuse_older_node
from workers.fixers.javascript.random_source import RANDOM_INT, crypto, is_node
from workers.fixers.javascript.script import STRINGS, arguments, called, resolved
from workers.fixers.registry import NoFix, Target

if TYPE_CHECKING:
    from tree_sitter import Node

_WHOLE_SUM = re.compile(r"\(\s*[\w.]+\s*-\s*[\w.]+\s*\+\s*1\s*\)")
"""`(max - min + 1)`: how many whole numbers there are from one to the other."""
_SMALL = re.compile(r"[1-9]\d{0,13}")


def whole_number(target: Target, file: Parsed, call: Node) -> Candidate:
    """`Math.floor(Math.random() * n + m)` → `crypto.randomInt(m, m + n)`; `Math.ceil` begins at 1.

    Raises:
        NoFix: it is no such number, or n may be none above zero, for which `randomInt` throws.
    """
    if not is_node(file):
        message = f"{file.path} is not for Node, and browsers have no whole random numbers of their own"
        raise NoFix(message)
    refuse_older_node(target.tree, file.path, RANDOM_INT, "crypto.randomInt")
    whole, bounds = _whole(file, call)
    name, edits, declares = crypto(file)
    return candidate(
        "random-int",
        [file.replace(whole, f"{name}.randomInt({bounds})"), *edits],
        "A whole number below the bound from the operating system's generator, without bias. Node only.",
        declares=declares,
    )


def _whole(file: Parsed, call: Node) -> tuple[Node, str]:
    """The rounding call around a draw, and the bounds for `randomInt`."""
    product = _around(call)
    factor = _other(file, product, "*", _outermost(call))
    if product is None or factor is None:
        return _refuse(file, call)
    summed = _around(product)
    added = _other(file, summed, "+", _outermost(product))
    inside = summed if summed is not None and added is not None else product
    outer = _around(inside)
    outer = outer.parent if outer is not None and outer.type == "arguments" else outer
    if outer is None or outer.type != "call_expression" or len(arguments(outer)) != 1:
        return _refuse(file, call)
    bound, rounds = file.text(factor), called(file, outer)
    if rounds == "Math.floor" and added is None and (_WHOLE_SUM.fullmatch(bound) or _is_whole(file, factor)):
        return outer, bound.removeprefix("(").removesuffix(")").strip()
    low = file.text(added) if added is not None else "0"
    if rounds not in ("Math.floor", "Math.ceil") or not _SMALL.fullmatch(bound) or not re.fullmatch(r"\d{1,9}", low):
        return _refuse(file, call)
    first = int(low) + (rounds == "Math.ceil")
    return outer, f"{first}, {first + int(bound)}"


def _outermost(node: Node) -> Node:
    """The node with the parentheses around it."""
    while node.parent is not None and node.parent.type == "parenthesized_expression":
        node = node.parent
    return node


def _around(node: Node) -> Node | None:
    """What holds the node, parentheses left out."""
    return _outermost(node).parent


def _other(file: Parsed, whole: Node | None, operator: str, one: Node) -> Node | None:
    """The other operand, where this is a sum or product of that operator."""
    if whole is None or whole.type != "binary_expression":
        return None
    left, right, sign = (whole.child_by_field_name(name) for name in ("left", "right", "operator"))
    if left is None or right is None or sign is None or file.text(sign) != operator:
        return None
    return right if left == one else left


def _refuse(file: Parsed, call: Node) -> tuple[Node, str]:
    message = f"{file.path}:{file.number(call)} does not draw a whole number below a known bound"
    raise NoFix(message)


def _is_whole(file: Parsed, bound: Node) -> bool:
    """Whether the bound is surely a whole number above zero: written out, or how long a text or a list is that is."""
    number = resolved(file, bound, "number")
    if number is not None:
        return _SMALL.fullmatch(file.text(number)) is not None
    found = resolved(file, bound, "member_expression")
    held = found.child_by_field_name("object") if found is not None else None
    name = found.child_by_field_name("property") if found is not None else None
    if held is None or name is None or file.text(name) != "length":
        return False
    made = (resolved(file, held, each) for each in (*STRINGS, "array"))
    return any(each is not None and _holds_something(file, each) for each in made)


def _holds_something(file: Parsed, made: Node) -> bool:
    """Whether the text or the list has one element at least that is written out."""
    if made.type == "array":
        return any(not each.type.startswith(("spread", "comment")) for each in made.named_children)
    return len(file.text(made)) > len("''") and "${" not in file.text(made)
