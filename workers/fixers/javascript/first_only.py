"""Characters that are taken out of a text once, where they may stand in it more often."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.manifest import refuse_older_node
from workers.fixers.javascript.script import arguments, called, flagged_node, in_browser, literal, statement
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_CHARACTER = re.compile(r"['\"`](?P<one>[^\\]|\\[nrt&])['\"`]")
_ESCAPED = set("*|{}[]$^.()?+\\/")
_QUOTES = {"'", '"', "`"}
_LINE_ENDS = {"\\n", "\\r", "\\t"}
_WHY = "Every one of them is replaced, wherever it stands."


@fixer(
    name="javascript-first-only",
    weakness="character replaced only once",
    cwes=(20, 116),
    rules={"semgrep": ["incomplete-sanitization"]},
    in_tests=False,
    explain="""`text.replace("'", "")` replaces the first one and leaves the rest: what was to be taken out of a text,
so that it means nothing in a query, a page or a pattern, is still there (CWE-116).

`replaceAll`, or a pattern with `g`, replaces all of them. Where the text goes into SQL, HTML or a command, what takes
values apart from the text is safer still.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`replace("'", …)` → `replaceAll`, or a pattern with `g`."""
    file, call = flagged_node(target, ("call_expression",), _replaces)
    _refuse_first(file, call)
    chained = [call, *(each for each in file.of("call_expression") if _is_beside(file, each, call))]
    yield from any_of(lambda: _named(target, file, chained), lambda: _by_pattern(file, chained))


def _refuse_first(file: Parsed, call: Node) -> None:
    """Raise where the first one alone may be meant.

    Raises:
        NoFix: it may.
    """
    given = arguments(call)
    found = _CHARACTER.fullmatch(file.text(given[0]))
    where = f"{file.path}:{file.number(call)}"
    new = literal(file, given[1]) if "\\" not in file.text(given[1]) else file.text(given[1])[1:-1]
    if found is None or new is None or "${" in new or not _takes_out(found["one"], new):
        message = (
            f"{where} may mean the first one alone, as a mark in front or a place to fill: that is for a person to say"
        )
        raise NoFix(message)
    if file.text(statement(call)).count(f".replace({file.text(given[0])}") > 1:
        message = f"{where} replaces the same character again, so one at a time is meant"
        raise NoFix(message)


def _is_beside(file: Parsed, other: Node, call: Node) -> bool:
    """Whether it replaces another character of the same text, in front of this call or behind it."""
    if other == call or other.start_byte != call.start_byte or not _replaces(file, other):
        return False
    try:
        _refuse_first(file, other)
    except NoFix:
        return False
    return True


def _by_pattern(file: Parsed, chained: list[Node]) -> Candidate:
    edits = []
    for call in chained:
        first = arguments(call)[0]
        found = _CHARACTER.fullmatch(file.text(first))
        one = found["one"] if found is not None else ""
        pattern = f"\\{one}" if one in _ESCAPED else one.replace("\\&", "&")
        edits.append(file.replace(first, f"/{pattern}/g"))
    return candidate("pattern", edits, _WHY)


def _named(target: Target, file: Parsed, chained: list[Node]) -> Candidate:
    if not in_browser(file):
        refuse_older_node(target.tree, file.path, 15, "replaceAll")
    functions = [function for call in chained if (function := call.child_by_field_name("function")) is not None]
    methods = [method for each in functions if (method := each.child_by_field_name("property")) is not None]
    return candidate("replace-all", [file.replace(method, "replaceAll") for method in methods], _WHY)


def _takes_out(one: str, new: str) -> bool:
    """Whether a character loses its meaning: a quote or a line's end goes, or another is written as text."""
    if one in _QUOTES:
        return True
    return not new.strip() if one in _LINE_ENDS else new.startswith(("&", "\\", "%"))


def _replaces(file: Parsed, call: Node) -> bool:
    given = arguments(call)
    return (
        called(file, call).endswith(".replace")
        and len(given) == 2
        and _CHARACTER.fullmatch(file.text(given[0])) is not None
    )
