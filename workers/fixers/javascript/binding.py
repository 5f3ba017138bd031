"""What a name means in JavaScript: the declaration that it is bound by where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from workers.fixers.code import Parsed
from workers.source.syntax import ancestors, walk

if TYPE_CHECKING:
    from tree_sitter import Node

FUNCTIONS = frozenset((
    "function_declaration", "function_expression", "arrow_function", "method_definition",
    "generator_function_declaration", "generator_function",
))  # fmt: skip
_BLOCKS = frozenset(
    ("program", "statement_block", "for_statement", "for_in_statement", "switch_body", "class_static_block")
)


class Bound(NamedTuple):
    """A name's declaration."""

    kind: str
    """`value`, `element` of a list that a loop goes through, `parameter`, `import` or `other`."""
    scope: Node
    """The block, the loop or the function in which it holds."""
    node: Node | None
    """The value, that of which a pattern takes its parts, the list, or the parameter."""
    place: int = 0
    """Which of the function's parameters it is."""


def bound(file: Parsed, name: Node) -> Bound | None:
    """The innermost declaration around the identifier; `None` where the file has none."""
    text = file.text(name)
    for scope in ancestors(name.parent):
        found: list[Bound] = []
        if scope.type in FUNCTIONS:
            found += _parameters(file, scope, text)
            found += [each for each in _declared(file, scope, text) if each.scope == scope]
        elif scope.type in _BLOCKS:
            found += [each for each in _declared(file, scope, text) if each.scope == scope]
            found += _loop(file, scope, text)
        elif scope.type == "catch_clause":
            caught = scope.child_by_field_name("parameter")
            found += [Bound("other", scope, None)] if caught is not None and _names(file, caught, text) else []
        if scope.type == "program":
            found += _imports(file, scope, text)
        if found:
            return found[0] if len(found) == 1 else Bound("other", scope, None)
    return None


def given_again(file: Parsed, name: Node, found: Bound) -> list[Node]:
    """What else the name is given in its scope: `x = …`, `x += …`; the whole expression where that says no value."""
    text = file.text(name)
    return [
        right
        for node in walk(found.scope)
        if node.type in {"assignment_expression", "augmented_assignment_expression"}
        and (left := node.child_by_field_name("left")) is not None
        and (file.text(left) == text or (left.type.endswith("_pattern") and text in file.text(left)))
        and (right := node.child_by_field_name("right")) is not None
    ]


def _declared(file: Parsed, around: Node, text: str) -> Iterator[Bound]:
    """The variables, functions and classes of this name inside of the block, each with the scope in which it holds."""
    for node in walk(around):
        if node.type == "variable_declarator":
            name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
            if name is None or not _names(file, name, text):
                continue
            scope = _scope(node, hoisted=node.parent is not None and node.parent.type == "variable_declaration")
            if name.type != "identifier":
                yield Bound(_of_module(file, value) or "other", scope, value)
            elif (of := _of_module(file, value)) is not None:
                yield Bound(of, scope, value)
            else:
                yield Bound("value", scope, value)
        elif node.type in {"function_declaration", "class_declaration", "generator_function_declaration"}:
            name = node.child_by_field_name("name")
            if name is not None and file.text(name) == text:
                yield Bound("other", _scope(node, hoisted=False), None)


def _scope(node: Node, *, hoisted: bool) -> Node:
    last = node
    for outer in ancestors(node.parent):
        last = outer
        if outer.type in FUNCTIONS or outer.type == "program":
            return outer
        if not hoisted and outer.type in _BLOCKS:
            around = outer.parent
            return (
                around if outer.type == "statement_block" and around is not None and around.type in FUNCTIONS else outer
            )
    return last


def _of_module(file: Parsed, value: Node | None) -> str | None:
    """`import` where the value is a module's, or of one."""
    while value is not None and value.type in {"member_expression", "call_expression", "as_expression"}:
        if value.type == "call_expression":
            function = value.child_by_field_name("function")
            if function is not None and file.text(function) in {"require", "import"}:
                return "import"
            value = function
        else:
            value = value.child_by_field_name("object") or value.named_children[0]
    return None


def _loop(file: Parsed, scope: Node, text: str) -> Iterator[Bound]:
    """`for (const x of list)`."""
    left, right = scope.child_by_field_name("left"), scope.child_by_field_name("right")
    if scope.type == "for_in_statement" and left is not None and right is not None and _names(file, left, text):
        of = any(child.type == "of" for child in scope.children)
        yield Bound("element" if of and left.type == "identifier" else "other", scope, right)


def _parameters(file: Parsed, function: Node, text: str) -> Iterator[Bound]:
    single = function.child_by_field_name("parameter")
    given = function.child_by_field_name("parameters")
    every = (
        [single]
        if single is not None
        else [each for each in given.named_children if each.type != "comment"]
        if given
        else []
    )
    for index, each in enumerate(every):
        name = each.child_by_field_name("pattern") or each
        if _names(file, name, text):
            yield Bound("parameter" if name.type == "identifier" else "other", function, each, index)


def _imports(file: Parsed, program: Node, text: str) -> Iterator[Bound]:
    for node in program.named_children:
        if node.type == "import_statement":
            for each in walk(node):
                if each.type == "identifier" and file.text(each) == text:
                    yield Bound("import", program, node)
                    break


def _names(file: Parsed, name: Node, text: str) -> bool:
    """Whether the pattern binds the name."""
    if name.type == "identifier":
        return file.text(name) == text
    bindings = ("identifier", "shorthand_property_identifier_pattern")
    return name.type.endswith("pattern") and any(
        each.type in bindings and file.text(each) == text for each in walk(name)
    )
