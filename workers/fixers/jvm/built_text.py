"""Where a text that a call is given is put together: in the argument, or in a variable of the method."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.source.syntax import ancestors, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_LOGS = re.compile(r"(?i:\w*log\w*)\.(?:trace|debug|info|warn(?:ing)?|error|severe|fine|log)|System\.(?:out|err)\.\w+")


def built(file: Parsed, call: Node, argument: Node) -> Node | None:
    """The argument, or what the local variable that it names is given for this call alone, log lines aside."""
    if argument.type != "identifier":
        return argument
    name, around = file.text(argument), method_of(call)
    uses = [node for node in file.of("identifier") if file.text(node) == name and _within(node, around)]
    written = [node for node in uses if _value(node) is not None]
    before = [node for node in written if node.start_byte < argument.start_byte]
    if not before or any(_changes(node) for node in uses):
        return None
    last = before[-1]
    following = next((node.start_byte for node in written if node.start_byte > argument.start_byte), around[1])
    if len(written) > 1 and _block(last) != _block(call):
        return None
    value = _value(last)
    others = [node for node in uses if last.start_byte < node.start_byte < following and node != argument]
    inside = value is not None and any(file.text(each) == name for each in walk(value) if each.type == "identifier")
    alone = all(_is_logged(file, node) for node in others) and not inside
    return value if alone else None


def method_of(node: Node) -> tuple[int, int]:
    """The bytes of the method around the node."""
    current: Node | None = node
    while current is not None and current.type not in {
        "method_declaration",
        "constructor_declaration",
        "lambda_expression",
    }:
        current = current.parent
    return (current.start_byte, current.end_byte) if current is not None else (0, 0)


def _within(node: Node, around: tuple[int, int]) -> bool:
    return around[0] <= node.start_byte and node.end_byte <= around[1]


def _value(node: Node) -> Node | None:
    """What the variable is given there; `None` where it is read."""
    parent = node.parent
    if parent is None:
        return None
    if parent.type == "variable_declarator" and parent.child_by_field_name("name") == node:
        return parent.child_by_field_name("value")
    if parent.type == "assignment_expression" and parent.child_by_field_name("left") == node:
        return parent.child_by_field_name("right")
    return None


def _changes(node: Node) -> bool:
    """Whether the variable is given more of itself there, or is given something within an expression."""
    parent = node.parent
    if parent is None or parent.type != "assignment_expression" or parent.child_by_field_name("left") != node:
        return False
    operator = parent.child_by_field_name("operator")
    whole = parent.parent is not None and parent.parent.type == "expression_statement"
    return operator is None or operator.type != "=" or not whole


def _block(node: Node) -> Node | None:
    return next((each for each in ancestors(node) if each.type == "block"), None)


def _is_logged(file: Parsed, node: Node) -> bool:
    for each in ancestors(node):
        if each.type == "method_invocation":
            return _LOGS.match(file.text(each)) is not None
        if each.type.endswith("_statement"):
            return False
    return False
