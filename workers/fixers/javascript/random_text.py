"""Texts of random signs: `Math.random().toString(36).substring(2, 10)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.manifest import refuse_older_node
from workers.fixers.javascript.random_source import RANDOM_INT, crypto, is_node
from workers.fixers.javascript.script import arguments, quote
from workers.fixers.registry import NoFix, Target

if TYPE_CHECKING:
    from tree_sitter import Node

_AFTER_POINT = 2
"""Where the digits begin: `0.` is before them."""
_DECIMAL, _WIDEST = 10, 36


def signs(target: Target, file: Parsed, call: Node) -> Candidate:
    """So many digits of a fraction, as a text → each of them drawn by itself.

    Raises:
        NoFix: it is no such text, or how long it is stands nowhere.
    """
    shown, digits = _method(file, call, "toString")
    cut, where = _method(file, shown, "substring", "substr", "slice")
    length, radix = _length(file, cut, where), digits[0] if digits else _DECIMAL
    if cut is None or length is None or not _DECIMAL <= radix <= _WIDEST:
        message = f"{file.path}:{file.number(call)} draws no text of a known length"
        raise NoFix(message)
    sign = "" if radix == _DECIMAL else f".toString({radix})"
    empty = 2 * quote(file)
    name, edits, declares = crypto(file)
    if is_node(file):
        refuse_older_node(target.tree, file.path, RANDOM_INT, "crypto.randomInt")
        text = f"Array.from({{ length: {length} }}, () => {name}.randomInt({radix}){sign}).join({empty})"
    else:
        drawn = f"{name}.getRandomValues(new Uint32Array({length}))"
        text = f"Array.from({drawn}, (bits) => (bits % {radix}){sign}).join({empty})"
    return candidate(
        "random-signs",
        [file.replace(cut, text), *edits],
        "A text of as many of the same signs, each of which the operating system's generator draws by itself.",
        declares=declares,
    )


def _method(file: Parsed, node: Node | None, *names: str) -> tuple[Node | None, list[int]]:
    """The call of one of these methods on the node, and the whole numbers that it is given; `None` for all else."""
    member = node.parent if node is not None else None
    name = member.child_by_field_name("property") if member is not None else None
    made = member.parent if member is not None else None
    if name is None or made is None or made.type != "call_expression" or file.text(name) not in names:
        return None, []
    given = [file.text(each) for each in arguments(made)]
    numbers = [int(each) for each in given if each.removeprefix("-").isdigit()]
    return (made, numbers) if len(numbers) == len(given) else (None, [])


def _length(file: Parsed, cut: Node | None, where: list[int]) -> int | None:
    """How many digits the cut leaves; `None` where that depends on how many there are."""
    if cut is None:
        return None
    match where:
        case [first, second] if first == _AFTER_POINT:
            length = second if ".substr(" in file.text(cut) else second - first
            return length if length > 0 else None
        case [last] if last < 0 and ".slice(" in file.text(cut):
            return -last
    return None
