"""What a request says, written into a log with its line breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate, parsed, region
from workers.fixers.jvm.helper import helper
from workers.fixers.jvm.source import before_line, statement
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.syntax import ancestors, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_REPLACED = """private static String oneLine(String text) {
    return text == null ? null : text.replaceAll("[\\\\r\\\\n]", "_");
}"""
_ESCAPED = """private static String lineEndsShown(String text) {
    return text == null ? null : text.replace("\\r", "\\\\r").replace("\\n", "\\\\n");
}"""
_LEVELS = frozenset({"trace", "debug", "info", "warn", "warning", "error", "severe", "fine", "finer", "finest", "log"})
_SAID = re.compile(r"\w+\.getParameter\([^()]*\)")


@fixer(
    name="jvm-log-lines",
    weakness="line breaks of a request in the log",
    cwes=(93, 117),
    rules={"semgrep": ["crlf-injection-logs"]},
    in_tests=False,
    explain="""A log has one entry in each line, and whoever may write a line break into it writes entries of their own:
a sign-in that never was, or a trace that leads elsewhere (CWE-117).

The value is written without its line breaks, or with `\\n` in their place where it matters what was sent. The rest of
the program sees the value as it came.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`log.info("… " + value)` → with the value's line breaks replaced, or shown."""
    file = parsed(target, "java")
    places = list(_places(target, file))
    if not places:
        message = f"{file.path}:{region(target).start_line} does not show what of the request is logged"
        raise NoFix(message)
    yield from any_of(
        lambda: _through(file, places, _REPLACED, "line-breaks-replaced", "A line break becomes `_`."),
        lambda: _through(file, places, _ESCAPED, "line-breaks-shown", "A line break is written as `\\n`."),
    )


def _places(target: Target, file: Parsed) -> Iterator[Node]:
    """What a request says within the flagged lines' calls of a logger."""
    where = region(target)
    last = max(where.start_line, where.end_line or 0)
    for call in file.of("method_invocation"):
        name = call.child_by_field_name("name")
        holder = call.child_by_field_name("object")
        logs = name is not None and file.text(name) in _LEVELS and holder is not None
        if not logs or not where.start_line <= file.number(call) <= last:
            continue
        given = call.child_by_field_name("arguments")
        for node in walk(given) if given is not None else ():
            said = node.type == "method_invocation" and _SAID.fullmatch(file.text(node))
            if said or (node.type == "identifier" and _is_said(file, node)):
                yield node


def _is_said(file: Parsed, node: Node) -> bool:
    """Whether it is a variable that is only ever given what a request says."""
    method = next((each for each in ancestors(node) if each.type == "method_declaration"), None)
    if method is None or node.parent is None or node.parent.type in {"field_access", "method_invocation"}:
        return False
    values = re.findall(rf"(?<![\w.]){file.text(node)}\s*=(?!=)\s*(?P<value>[^;]*);", file.text(method))
    return bool(values) and all(_SAID.fullmatch(each.strip()) for each in values)


def _through(file: Parsed, places: list[Node], source: str, approach: str, why: str) -> Candidate:
    name = source.partition("(")[0].rpartition(" ")[2]
    added = helper(file, places[0], source)
    edits, declares = list(added.edits), list(added.declares)
    for number, node in enumerate(places):
        holder = statement(file, node.start_byte)
        saved = f"logged{str(number + 1) if number else ''}"
        if re.search(rf"\b{saved}\b".encode(), file.content):
            message = f"{file.path}:{file.number(node)} is in a file that has a `{saved}` already"
            raise NoFix(message)
        edits += [
            before_line(file, holder, f"String {saved} = {name}({file.text(node)});"),
            file.replace(node, saved),
        ]
        declares += [f"insert:{file.number(holder)}", f"statement:{file.number(holder)}"]
    return candidate(approach, edits, f"{why} The program itself goes on with the value as it came.", declares=declares)
