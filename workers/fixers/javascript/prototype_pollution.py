"""Keys from outside that reach the prototype of every object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.script import flagged_node, quote, semicolon
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.syntax import ancestors, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_KEYS = ("__proto__", "constructor", "prototype")
_LAST = "A key that is written after the loop, as the last one of a path, wants the same check."
_LOOPS = ("for_in_statement", "for_statement", "while_statement", "do_statement")
_HANDS_ON = frozenset(("arguments", "pair", "array", "update_expression", "unary_expression"))
_FUNCTIONS = re.compile(r"function|arrow|method")


@fixer(
    name="javascript-prototype-pollution",
    weakness="key that reaches the prototype",
    cwes=(915, 1321),
    rules={"semgrep": ["prototype-pollution-loop", "prototype-pollution-assignment", "*prototype-pollution*"]},
    explain="""`target[key] = value` with `key` being `__proto__` does not make a property: it changes what every object
of the program inherits, so that `{}.isAdmin` is suddenly true (CWE-1321). JSON may well hold such a key, and so may a
path like `constructor.prototype.isAdmin`.

Copying leaves out the three names that lead to a prototype; walking along a path refuses them, as what follows would be
written to the wrong place. An object made by `Object.create(null)`, or a Map, has no prototype to reach.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`target[key] = …` in a loop → without the keys that lead to a prototype."""
    file, node = flagged_node(target, ("assignment_expression",), _through_key)
    key = _key(file, node)
    _refuse_counter(file, node, key)
    if _walks(file, node) and _only_reads(file, node):
        message = f"{file.path}:{file.number(node)} goes along a path to read what is there, and writes nothing"
        raise Harmless(message)
    statement, loop = _in_loop(file, node)
    if re.search(rf"\b(?:const|let|var)\s+{re.escape(key)}\b", file.text(statement)):
        message = f"{file.path}:{file.number(node)} makes its key further in: check it there"
        raise NoFix(message)
    mark, end = quote(file), semicolon(file)
    names = ", ".join(f"{mark}{name}{mark}" for name in _KEYS)
    listed = f"[{names}].includes({key})"
    compared = " || ".join(f"{key} === {mark}{name}{mark}" for name in _KEYS)
    copies = loop.type == "for_in_statement" and _declares(file, loop, key) and not _walks(file, node)
    what = f"continue{end}" if copies else f"throw new TypeError({mark}this key leads to a prototype{mark}){end}"
    why = "Keys that lead to a prototype are left out." if copies else "A path that leads to a prototype is refused."
    yield from any_of(
        lambda: _guarded(file, statement, listed, what, "keys-listed", why),
        lambda: _guarded(file, statement, compared, what, "keys-compared", why),
    )


def _guarded(file: Parsed, statement: Node, condition: str, what: str, approach: str, why: str) -> Candidate:
    line = file.number(statement)
    start = file.starts[line - 1]
    indent = file.slice(start, statement.start_byte)
    if indent.strip():
        message = f"{file.path}:{line} shares its line with other code"
        raise NoFix(message)
    text = f"{indent}if ({condition}) {{\n{indent}{file.indent_unit}{what}\n{indent}}}\n"
    return candidate(approach, [file.insert(start, text)], why, declares=(f"insert:{line}",), warnings=(_LAST,))


def _key(file: Parsed, node: Node) -> str:
    for side in ("left", "right"):
        part = node.child_by_field_name(side)
        index = part.child_by_field_name("index") if part is not None and part.type == "subscript_expression" else None
        if index is not None and index.type == "identifier":
            return file.text(index)
    message = f"{file.path}:{file.number(node)} takes its key from an expression: give it a name and check that"
    raise NoFix(message)


def _refuse_counter(file: Parsed, node: Node, key: str) -> None:
    """Say so where a loop counts the key up or down.

    Raises:
        Harmless: it does.
    """
    name = re.escape(key)
    counts = re.compile(rf"(?<![\w.$])(?:{name}\s*(?:\+\+|--|[-+]=\s*\d)|(?:\+\+|--){name}(?![\w$]))")
    if any(outer.type in _LOOPS and counts.search(file.text(outer)) for outer in ancestors(node)):
        message = f"{file.path}:{file.number(node)} counts its key: a number leads to no prototype"
        raise Harmless(message)


def _in_loop(file: Parsed, node: Node) -> tuple[Node, Node]:
    """The statement of the loop's own block that holds the assignment, and the loop.

    Raises:
        NoFix: it is in no loop of its function, or the loop has no block.
    """
    inner = node
    for outer in ancestors(node):
        if outer.type in _LOOPS:
            if inner.type != "statement_block":
                break
            return next(part for part in inner.named_children if _holds(part, node)), outer
        if _FUNCTIONS.search(outer.type):
            break
        inner = outer
    message = (
        f"{file.path}:{file.number(node)} is not in the block of a loop: where its key comes from is not to be seen"
    )
    raise NoFix(message)


def _holds(outer: Node, inner: Node) -> bool:
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def _declares(file: Parsed, loop: Node, key: str) -> bool:
    left = loop.child_by_field_name("left")
    return left is not None and re.search(rf"(?<![\w.$]){re.escape(key)}(?![\w$])", file.text(left)) is not None


def _walks(file: Parsed, node: Node) -> bool:
    """`part = part[key]`: one step along a path."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None or left.type != "identifier":
        return False
    holder = right.child_by_field_name("object") if right.type == "subscript_expression" else None
    return holder is not None and file.text(holder) == file.text(left)


def _only_reads(file: Parsed, node: Node) -> bool:
    """Whether the function that walks gives its part of the object no property, and hands it to nobody who may."""
    left = node.child_by_field_name("left")
    around = next((each for each in ancestors(node) if each.child_by_field_name("parameters") is not None), None)
    if left is None or around is None:
        return False
    name = file.text(left)
    for each in walk(around):
        target = each.child_by_field_name("left") or each.child_by_field_name("function")
        if each.type.endswith(("assignment_expression", "call_expression")) and target is not None:
            held = target.child_by_field_name("object")
            if held is not None and file.text(held) == name:
                return False
        used = each.type == "identifier" and file.text(each) == name and each.parent is not None
        if used and each.parent is not None and each.parent.type in _HANDS_ON:
            return False
    return True


def _through_key(_: Parsed, node: Node) -> bool:
    sides = (node.child_by_field_name("left"), node.child_by_field_name("right"))
    return any(side is not None and side.type == "subscript_expression" for side in sides)
