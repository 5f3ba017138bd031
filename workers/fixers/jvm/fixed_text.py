"""Texts that can be nothing but what a file's own code writes: literals, constants, and variables made of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed

if TYPE_CHECKING:
    from tree_sitter import Node

CONSTANT = r"(?:[A-Z]\w*\.)*_?[A-Z][A-Z0-9_]*"
_STRINGS = ("string_literal", "multiline_string_literal")
_INSERTED = re.compile(r"\$(?:\{(?P<whole>[^{}\"]*)\}|(?P<name>[A-Za-z_]\w*))")
_SAME_TEXT = re.compile(r"\.\s*(?:replace|trim|trimIndent|trimMargin|concat|format)\s*$")
_PARAMETERS = ("parameter", "formal_parameter", "class_parameter", "lambda_parameters", "catch_formal_parameter")
_DEEPEST = 6


def is_fixed(file: Parsed, node: Node, depth: int = 0) -> bool:
    """Whether the expression's value is written in this file, or is a constant of the program."""
    deeper = depth + 1
    if depth > _DEEPEST:
        return False
    if node.type in _STRINGS:
        return all(is_fixed_source(file, each, deeper) for each in _inserted(file, node))
    if node.type in ("parenthesized_expression", "value_argument"):
        return is_fixed(file, node.named_children[-1], deeper)
    if node.type == "binary_expression" and "+" in [child.type for child in node.children]:
        return all(is_fixed(file, each, depth) for each in node.named_children)
    if node.type in ("call_expression", "method_invocation"):
        return _is_same_text(file, node, deeper)
    return is_fixed_source(file, file.text(node), deeper)


def is_fixed_source(file: Parsed, source: str, depth: int = 0) -> bool:
    """The same of an expression's text: a constant, or a variable whose every value is fixed."""
    text = source.strip()
    if re.fullmatch(CONSTANT, text):
        return True
    if depth > _DEEPEST or not re.fullmatch(r"[A-Za-z_]\w*", text) or _is_parameter(file, text):
        return False
    given = list(_given(file, text))
    return bool(given) and all(value is not None and is_fixed(file, value, depth + 1) for value in given)


def _inserted(file: Parsed, node: Node) -> Iterator[str]:
    """What a template of Kotlin inserts; nothing in Java."""
    if file.path.endswith((".kt", ".kts")):
        for found in _INSERTED.finditer(file.text(node)):
            yield found["whole"] or found["name"] or ""


def _is_same_text(file: Parsed, call: Node, depth: int) -> bool:
    """Whether the call makes its text of a fixed one and fixed arguments."""
    arguments = next((each for each in call.children if each.type in ("argument_list", "value_arguments")), None)
    inner = call.children[0].named_children
    holder = call.child_by_field_name("object") or (inner[0] if inner else None)
    if arguments is None or holder is None or holder == arguments:
        return False
    named = _SAME_TEXT.search(file.slice(holder.end_byte, arguments.start_byte))
    given = arguments.named_children
    fixed = all(
        each.type in ("number_literal", "decimal_integer_literal") or is_fixed(file, each, depth) for each in given
    )
    return named is not None and fixed and (file.text(holder) == "String" or is_fixed(file, holder, depth))


def _is_parameter(file: Parsed, name: str) -> bool:
    """Whether anything in the file is called with a value of that name, or a loop gives it one."""
    texts = (file.text(node) for node in file.of(*_PARAMETERS, "for_statement", "enhanced_for_statement"))
    return any(re.search(rf"(?<![\w.]){name}(?!\w)", text.partition("{")[0]) for text in texts)


def _given(file: Parsed, name: str) -> Iterator[Node | None]:
    """Each value that the file gives the variable; `None` where that is not one expression."""
    for node in file.of("property_declaration", "assignment", "variable_declarator", "assignment_expression"):
        target = next(iter(each for each in node.named_children if each.type != "modifiers"), None)
        words = re.findall(r"\w+", file.text(target)) if target is not None else []
        if words[:1] != [name]:
            continue
        plain = any(child.type == "=" for child in node.children)
        yield node.named_children[-1] if plain and node.named_children[-1] != target else None
