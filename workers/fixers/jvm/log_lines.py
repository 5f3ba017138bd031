"""What a request says, written into a log with its line breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate, parsed, region
from workers.fixers.jvm.helper import helper
from workers.fixers.jvm.libraries import is_part_of_text
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
    for call in file.of("method_invocation"):
        if not _logs(file, call) or file.number(call) not in where.lines:
            continue
        given = call.child_by_field_name("arguments")
        for node in walk(given) if given is not None else ():
            said = node.type == "method_invocation" and _SAID.fullmatch(file.text(node))
            if (said or (node.type == "identifier" and _is_said(file, node))) and _is_logged(file, node):
                yield node


def _logs(file: Parsed, call: Node) -> bool:
    name, holder = call.child_by_field_name("name"), call.child_by_field_name("object")
    return name is not None and holder is not None and file.text(name) in _LEVELS and "log" in file.text(holder).lower()


def _is_logged(file: Parsed, node: Node) -> bool:
    """Whether a logger is given the value itself."""
    call = next((each for each in ancestors(node) if each.type == "method_invocation" and _logs(file, each)), None)
    given = call.child_by_field_name("arguments") if call is not None else None
    return given is not None and is_part_of_text(file, node, given)


def _is_said(file: Parsed, node: Node) -> bool:
    """Whether it is a variable that is only ever given what a request says."""
    method = next((each for each in ancestors(node) if each.type == "method_declaration"), None)
    if method is None or node.parent is None or node.parent.type in {"field_access", "method_invocation"}:
        return False
    values = re.findall(rf"(?<![\w.]){file.text(node)}\s*=(?!=)\s*(?P<value>[^;]*);", file.text(method))
    return bool(values) and all(_SAID.fullmatch(each.strip()) for each in values)


def _through(file: Parsed, places: list[Node], source: str, approach: str, why: str) -> Candidate:
    """A value that is logged gets a name of its own, once in its block: behind the variable, or before the log."""
    name = source.partition("(")[0].rpartition(" ")[2]
    added = helper(file, places[0], source)
    edits, declares = set(added.edits), list(added.declares)
    for node in places:
        named = node.type == "identifier"
        saved = f"logged{_capital(file.text(node) if named else _asked(file, node))}"
        if re.search(rf"\b{saved}\b".encode(), file.content):
            message = f"{file.path}:{file.number(node)} is in a file that has a `{saved}` already"
            raise NoFix(message)
        place = _behind(file, node) if named else statement(file, node.start_byte)
        edits.add(before_line(file, place, f"String {saved} = {name}({file.text(node)});"))
        uses = _logged_in_block(file, node, place) if named else [node]
        edits |= {file.replace(each, saved) for each in uses}
        declares += [f"insert:{file.number(place)}"]
        declares += [f"statement:{file.number(statement(file, each.start_byte))}" for each in uses]
    return candidate(approach, edits, f"{why} The program itself goes on with the value as it came.", declares=declares)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _asked(file: Parsed, call: Node) -> str:
    """The name of the parameter that is asked for, as far as it can name a variable."""
    found = re.search(r"\(\s*\"([A-Za-z]\w*)\"\s*\)", file.text(call))
    return found[1] if found is not None else "Value"


def _behind(file: Parsed, node: Node) -> Node:
    """The statement that follows the variable's declaration.

    Raises:
        NoFix: it is set in several places, or elsewhere than in a block around the log.
    """
    name = file.text(node)
    made = [
        each
        for each in file.of("local_variable_declaration")
        if each.parent in list(ancestors(node)) and re.search(rf"\b{name}\s*=(?!=)", file.text(each))
    ]
    method = next(each for each in ancestors(node) if each.type == "method_declaration")
    set_anew = re.findall(rf"(?<![\w.]){name}\s*=(?!=)", file.text(method))
    following = made[0].next_named_sibling if len(made) == 1 and len(set_anew) == 1 else None
    if following is None:
        message = f"{file.path}:{file.number(node)} logs a variable that is set in several places"
        raise NoFix(message)
    return following


def _logged_in_block(file: Parsed, node: Node, place: Node) -> list[Node]:
    """Every use of the variable in a log, from the place on."""
    block = place.parent
    found = []
    for each in walk(block) if block is not None else ():
        if each.type != "identifier" or file.text(each) != file.text(node) or not _is_said(file, each):
            continue
        if _is_logged(file, each) and each.start_byte >= place.start_byte:
            found.append(each)
    return found
