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
    function, given = call.child_by_field_name("function"), arguments(call)
    method = function.child_by_field_name("property") if function is not None else None
    found = _CHARACTER.fullmatch(file.text(given[0]))
    where = f"{file.path}:{file.number(call)}"
    if method is None or found is None:
        message = f"{where} does not show what it replaces"
        raise NoFix(message)
    new = literal(file, given[1]) if "\\" not in file.text(given[1]) else file.text(given[1])[1:-1]
    if new is None or "${" in new or not _takes_out(found["one"], new):
        message = (
            f"{where} may mean the first one alone, as a mark in front or a place to fill: that is for a person to say"
        )
        raise NoFix(message)
    if file.text(statement(call)).count(f".replace({file.text(given[0])}") > 1:
        message = f"{where} replaces the same character again, so one at a time is meant"
        raise NoFix(message)
    one = found["one"]
    pattern = f"\\{one}" if one in _ESCAPED else one.replace("\\&", "&")
    yield from any_of(
        lambda: _named(target, file, method),
        lambda: candidate("pattern", [file.replace(given[0], f"/{pattern}/g")], _WHY),
    )


def _named(target: Target, file: Parsed, method: Node) -> Candidate:
    if not in_browser(file):
        refuse_older_node(target.tree, file.path, 15, "replaceAll")
    return candidate("replace-all", [file.replace(method, "replaceAll")], _WHY)


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
