"""Of which type a value of a query is, and how it is given so that the database compares what it did."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from workers.fixers.code import Parsed
from workers.fixers.registry import NoFix, Target
from workers.fixers.sql import Bound
from workers.source.syntax import ancestors
from workers.source.tree import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

_DECLARES = (
    "formal_parameter",
    "local_variable_declaration",
    "enhanced_for_statement",
    "resource",
    "field_declaration",
)
_SCOPES = ("method_declaration", "constructor_declaration", "lambda_expression")
_TEXT = re.compile(r"\"|\.(?:getParameter|toString|getHeader|trim)\([^()]*\)$|^String\.valueOf\(")
_CALLED = re.compile(r"\.(?P<name>\w+)\(\s*\)$")
_STRICT = re.compile(r"org\.postgresql|[\"':>]postgresql[\"':<]")
_BUILDS = ("pom.xml", "build.gradle", "build.gradle.kts")
_KEPT_OTHERWISE = re.compile(r"(?:[a-z_]I|\bi)d\W*$|(?i:uuid|date|time|_at)\W*$")
"""A text that is called so may well be compared with a column of another type."""


class Marked(msgspec.Struct, frozen=True):
    """A query with marks, and the calls of its prepared statement that give it the values."""

    text: str
    calls: tuple[str, ...]


def as_values(target: Target, file: Parsed, place: Node, bound: Bound) -> list[str]:
    """The expressions to be given: what stood in the query's quotes is a text, as it was for the database.

    Raises:
        NoFix: one would be a text where the database takes none.
    """
    where = f"{file.path}:{file.number(place)}"
    found, strict = [], is_strict(target)
    for value, bare, counted in zip(bound.values, bound.bare, bound.counted, strict=True):
        kind = type_of(target, file, place, value)
        if counted and kind == "String":
            message = f"{where} takes `{value}` for a number of rows, which is no text: parse it"
            raise NoFix(message)
        other = kind == "String" if bare else kind != "String" or _KEPT_OTHERWISE.search(value)
        if strict and other:
            message = f"{where} compares `{value}` with a column of another type, as it seems: PostgreSQL takes no text"
            raise NoFix(message)
        found.append(value if bare or kind == "String" else f"String.valueOf({value})")
    return found


def as_marked(target: Target, file: Parsed, place: Node, bound: Bound) -> Marked:
    """The query for a prepared statement: `setString` for what is surely text, the driver chooses for the rest.

    Raises:
        NoFix: a value would be a text where the database takes none.
    """
    values = as_values(target, file, place, bound)
    kinds = ("setString" if type_of(target, file, place, each) == "String" else "setObject" for each in values)
    calls = (f"{kind}({index}, {each})" for index, (kind, each) in enumerate(zip(kinds, values, strict=True), start=1))
    return Marked(bound.text, tuple(calls))


def is_strict(target: Target) -> bool:
    """Whether the project speaks to PostgreSQL, which compares no text with a number, an id or a date."""
    builds = (path for path in target.tree.paths() if path.rpartition("/")[2] in _BUILDS)
    return any(_STRICT.search(text_of(target.tree, path)) for path in builds)


def type_of(target: Target, file: Parsed, place: Node, value: str) -> str | None:
    """The type that the value is declared with, in the method or the class around, or as what a method gives back."""
    if _TEXT.search(value):
        return "String"
    name = value.removeprefix("this.")
    if name.isidentifier():
        return declared_type(file, place, name)
    called = _CALLED.search(value)
    kinds = _given_back(target, called["name"]) if called is not None else set()
    return kinds.pop() if len(kinds) == 1 else None


def declared_type(file: Parsed, place: Node, name: str) -> str | None:
    """The type of the variable, parameter or field that the name means where the node stands."""
    around = [node for node in ancestors(place) if node.type in _SCOPES]
    found: str | None = None
    for node in file.of(*_DECLARES):
        kind, names = node.child_by_field_name("type"), list(_names(node))
        if kind is None or name not in {file.text(each) for each in names}:
            continue
        holder = next((each for each in ancestors(node) if each.type in _SCOPES), None)
        if node.type == "field_declaration":
            found = found or file.text(kind)
        elif holder in around and node.start_byte < place.end_byte:
            found = file.text(kind)
    return found


def _names(node: Node) -> Iterator[Node]:
    own = node.child_by_field_name("name")
    if own is not None:
        yield own
    for each in node.named_children:
        if each.type == "variable_declarator" and (name := each.child_by_field_name("name")) is not None:
            yield name


def fields(target: Target, name: str) -> set[str]:
    """The types with which the project's classes declare fields of that name."""
    declared = rf"(?:private|protected)\s+(?:final\s+)?([\w.<>\[\]]+)\s+{name}\s*[;=]"
    return set(re.findall(declared, _sources(target))) if name else set()


def _given_back(target: Target, method: str) -> set[str]:
    """What the project's methods of that name give back without arguments; of the field that Lombok reads."""
    head = rf"(?<![\w.])(?!return\b|new\b)([\w.<>\[\]]+)\s+{method}\s*\(\s*\)\s*(?:throws[^{{;]*)?[{{;]"
    declared = set(re.findall(head, _sources(target)))
    read = re.fullmatch(r"get([A-Z]\w*)", method)
    return declared or (fields(target, read[1][:1].lower() + read[1][1:]) if read is not None else set())


def _sources(target: Target) -> str:
    return "\n".join(text_of(target.tree, path) for path in target.tree.paths() if path.endswith(".java"))
