"""Where a file of Java or Kotlin encrypts and decrypts: the cipher made, set up and used once in one method."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from workers.fixers.code import Parsed
from workers.fixers.jvm.source import is_kotlin
from workers.fixers.registry import NoFix
from workers.source.syntax import ancestors, walk

if TYPE_CHECKING:
    from tree_sitter import Node

CALLS = ("method_invocation", "call_expression")
_DECLARED = ("local_variable_declaration", "property_declaration")
_METHODS = ("method_declaration", "function_declaration", "constructor_declaration", "secondary_constructor")
_MADE = re.compile(r"(?:final\s+)?(?:(?:javax\.crypto\.)?Cipher|val|var)\s+(?P<name>\w+)\s*(?::\s*Cipher\s*)?=")
_MODE = re.compile(r"(?:Cipher\s*\.\s*)?(?P<mode>ENCRYPT|DECRYPT)_MODE")


class Site(msgspec.Struct, frozen=True):
    """One use of a cipher."""

    name: str
    """The cipher's variable."""
    transformation: Node
    """The literal that `getInstance` is given."""
    encrypts: bool
    init: Node
    final: Node
    data: Node
    """What `doFinal` is given."""
    extra: Node | None
    """The parameters that `init` is given beside the key."""
    method: Node


def sites(file: Parsed) -> list[Site]:
    """Every cipher of the file.

    Raises:
        NoFix: one of them is made, set up or used in a way that is not plain to see.
    """
    return [_site(file, call) for call in _made(file)]


def text_of(file: Parsed, literal: Node) -> str:
    """The transformation in capitals."""
    return file.text(literal).strip('"').upper()


def arguments(node: Node) -> list[Node]:
    """The call's arguments."""
    given = next((child for child in node.children if child.type in {"argument_list", "value_arguments"}), None)
    nodes = given.named_children if given is not None else []
    return [each.named_children[-1] if each.type == "value_argument" else each for each in nodes]


def called(file: Parsed, node: Node) -> str:
    """The text before the arguments, without blanks."""
    given = next((child for child in node.children if child.type in {"argument_list", "value_arguments"}), None)
    return re.sub(r"\s+", "", file.slice(node.start_byte, given.start_byte)) if given is not None else ""


def _made(file: Parsed) -> Iterator[Node]:
    return (node for node in file.of(*CALLS) if re.search(r"(?:^|\.)Cipher\.getInstance$", called(file, node)))


def _site(file: Parsed, made: Node) -> Site:
    where = f"{file.path}:{file.number(made)}"
    given = arguments(made)
    declared = next((each for each in ancestors(made) if each.type in _DECLARED), None)
    method = next((each for each in ancestors(made) if each.type in _METHODS), None)
    found = _MADE.match(file.text(declared)) if declared is not None else None
    if found is None or method is None or len(given) != 1 or given[0].type != "string_literal":
        message = f"{where} keeps its cipher elsewhere, or takes what it does from a variable or a provider of its own"
        raise NoFix(message)
    name = found["name"]
    calls = [node for node in walk(method) if node.type in CALLS and called(file, node).startswith(f"{name}.")]
    inits = [node for node in calls if called(file, node) == f"{name}.init"]
    finals = [node for node in calls if called(file, node) == f"{name}.doFinal"]
    uses = [node for node in walk(method) if node.type == "identifier" and file.text(node) == name]
    mode = _MODE.fullmatch(file.text(arguments(inits[0])[0])) if len(inits) == 1 and arguments(inits[0]) else None
    plain = (
        len(finals) == 1
        and len(arguments(finals[0])) == 1
        and len(uses) == 3
        and made.start_byte < finals[0].start_byte
    )
    if mode is None or not plain or len(arguments(inits[0])) not in {2, 3}:
        message = f"{where} sets its cipher up or uses it more than once, or hands it on"
        raise NoFix(message)
    extra = arguments(inits[0])[2] if len(arguments(inits[0])) == 3 else None
    encrypts = mode["mode"] == "ENCRYPT"
    return Site(name, given[0], encrypts, inits[0], finals[0], arguments(finals[0])[0], extra, method)


def known_before(file: Parsed, expression: Node, place: Node, method: Node) -> bool:
    """Whether each variable of the expression has its value where the other node stands."""
    names = {file.text(node) for node in walk(expression) if node.type == "identifier"}
    head = file.slice(method.start_byte, place.start_byte)
    behind = file.slice(place.start_byte, method.end_byte)
    kotlin = r"(?:val|var)\s+" if is_kotlin(file) else r"[\w>\]]\s+"
    return not any(
        re.search(rf"{kotlin}{re.escape(name)}\s*[:=]", behind) and not re.search(rf"\b{re.escape(name)}\b", head)
        for name in names
    )
