"""What a project of Java has at hand, as its build files say, and what a request says in its code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.registry import Target
from workers.source.syntax import ancestors
from workers.source.tree import folders_up, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_BUILDS = ("pom.xml", "build.gradle", "build.gradle.kts")
_SAID = re.compile(
    r"(?:\w+|\(\([\w.]+\)\s*\w+\))\.(?:getParameter|getHeader)\([^()]*\)|\w+\.(?:getQueryString|getRequestURI)\(\s*\)"
)

_KEEPS_TEXT = re.compile(
    r"(?:^|\.)(?:String\s*\.\s*(?:valueOf|format|join)|concat|append|trim|getParameter|getHeader)$"
)
"""Calls whose outcome holds the text that they are given."""


def has_library(target: Target, file: Parsed, pattern: str) -> bool:
    """Whether a build file above the file names the library, outside of its tests."""
    for folder in folders_up(file.path.rpartition("/")[0]):
        for name in _BUILDS:
            text = text_of(target.tree, f"{folder}/{name}".lstrip("/"))
            for found in re.finditer(pattern, text):
                scope = text[found.end() : found.end() + 200].partition("</dependency>")[0]
                before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
                if "<scope>test" not in scope and not re.match(r"\s*test|\s*//", before):
                    return True
    return False


def is_said(file: Parsed, node: Node) -> bool:
    """Whether it is what a request says: a call for its parameter, or a variable that is only ever given one."""
    if node.type == "method_invocation":
        return _SAID.fullmatch(file.text(node)) is not None
    if node.type != "identifier" or node.parent is None:
        return False
    if node.parent.type in {"field_access", "variable_declarator"} or _is_called(node):
        return False
    method = next((each for each in ancestors(node) if each.type == "method_declaration"), None)
    if method is None:
        return False
    values = re.findall(rf"(?<![\w.]){file.text(node)}\s*=(?!=)\s*(?P<value>[^;]*);", file.text(method))
    return bool(values) and all(_SAID.fullmatch(each.strip()) or each.strip() in {"null", '""'} for each in values)


def is_part_of_text(file: Parsed, node: Node, given: Node) -> bool:
    """Whether the argument's text holds the value itself, and not what something else makes of it."""
    for each in ancestors(node):
        if each == given:
            return True
        called = each.type == "method_invocation" and _KEEPS_TEXT.search(file.text(each).partition("(")[0]) is None
        if called or each.type in {"lambda_expression", "array_access"}:
            return False
        if each.type == "ternary_expression" and _within(each.child_by_field_name("condition"), node):
            return False
    return False


def _within(outer: Node | None, node: Node) -> bool:
    return outer is not None and outer.start_byte <= node.start_byte and node.end_byte <= outer.end_byte


def is_parameter(file: Parsed, node: Node, kind: str, marks: str) -> bool:
    """Whether it is a parameter of that type, with one of those annotations, that nothing sets anew."""
    method = next((each for each in ancestors(node) if each.type == "method_declaration"), None)
    given = method.child_by_field_name("parameters") if method is not None else None
    if given is None or method is None or node.type != "identifier" or _is_called(node):
        return False
    name = re.escape(file.text(node))
    said = rf"@(?:\w+\.)*(?:{marks})\b(?:\([^()]*\))?\s+(?:final\s+)?{kind}\s+{name}\s*[,)]"
    set_anew = re.search(rf"(?<![\w.]){name}\s*=(?!=)", file.slice(given.end_byte, method.end_byte))
    return re.search(said, file.text(given)) is not None and not set_anew


def _is_called(node: Node) -> bool:
    """Whether the name is a method's, or what a method is called on."""
    parent = node.parent
    return parent is not None and parent.type == "method_invocation" and parent.child_by_field_name("arguments") != node
