"""What a database gives: records and lists of them, which Express sends as JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workers.fixers.code import Parsed
from workers.fixers.javascript.binding import bound, given_again
from workers.fixers.javascript.script import called
from workers.source.syntax import walk

if TYPE_CHECKING:
    from tree_sitter import Node

_QUERY = re.compile(
    r"\.(?:find(?:One|All|Many|Unique|First|ById|ByPk|AndCountAll)?(?:And(?:Update|Delete|Remove|Replace))?|findById\w*"
    r"|findUniqueOrThrow|findFirstOrThrow|aggregate|countDocuments)$"
)
_EMPTY = frozenset(("null", "undefined", "object", "array"))


def is_record(file: Parsed, name: Node) -> bool:
    """Whether everything that the variable is given is a record, a list, or nothing."""
    found = bound(file, name)
    if found is None:
        return False
    if found.kind == "parameter":
        given = found.scope.parent
        call = given.parent if given is not None and given.type == "arguments" else None
        return found.place == 1 and call is not None and _queries(file, call) and not given_again(file, name, found)
    values = [*([found.node] if found.node is not None else []), *given_again(file, name, found)]
    some = [each for each in values if each.type not in _EMPTY]
    return (
        found.kind == "value"
        and bool(some)
        and all(each.type == "await_expression" and _queries(file, each.named_children[0]) for each in some)
    )


def _queries(file: Parsed, node: Node) -> bool:
    """Whether it is a query of a model, or one with more said behind it: `.sort(…).limit(…)`."""
    chain: Node | None = node
    while chain is not None and chain.type == "call_expression":
        name = called(file, chain)
        if _QUERY.search(name) and _is_model(file, chain):
            return True
        function = chain.child_by_field_name("function")
        chain = function.child_by_field_name("object") if function is not None else None
    return False


def _is_model(file: Parsed, call: Node) -> bool:
    """Whether what is asked has a model's name, so that `find` is no list's."""
    function = call.child_by_field_name("function")
    held = function.child_by_field_name("object") if function is not None else None
    last = re.split(r"[.\[]", file.text(held))[-1] if held is not None else ""
    callback = any(each.type in {"arrow_function", "function_expression"} for each in walk(call) if each.parent == call)
    return (
        not callback
        and re.search(r"^[A-Z]|[mM]odel|[rR]epo|[cC]ollection|prisma|[dD]b\b|Schema|[cC]oll$", last) is not None
    )
