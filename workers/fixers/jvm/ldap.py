"""Searches of a directory whose filter is put together from strings, or whose answers bring objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate, flagged_node, parsed, region
from workers.fixers.jvm.built_text import built
from workers.fixers.jvm.source import Setting, jvm, matches, propose_settings
from workers.fixers.jvm.strings import quoted, template
from workers.fixers.pieces import Value
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_COMPARED = re.compile(r"(?:[~<>]?=|:=)\*?$")
"""A value stands behind a comparison, or behind a star in it."""
_ENDS = re.compile(r"\*?\)")
_FRAGMENT = re.compile(r"filter|query|clause|cond|expr|attr(?:ibute)?(?:name)?s?$", re.IGNORECASE)
_USES_OBJECTS = r"\.getObject\(\s*\)"
_ENTRIES = "An answer holds the entries' attributes, and no object is made of them."
_OBJECTS = (
    Setting(
        pattern=r"\bsetReturningObjFlag\(\s*(?P<value>true)\s*\)",
        approaches=(("entries-only", "false", _ENTRIES),),
        default="SearchControls ask for no objects unless told otherwise.",
    ),
)


@fixer(
    name="jvm-ldap-filter",
    weakness="LDAP injection",
    cwes=(90,),
    rules={"semgrep": ["ldap-injection", "tainted-ldapi-from-http-request"]},
    explain="""A value pasted into a filter is read as a part of it: `*` matches everybody, and `)(uid=*` ends the
comparison and begins another one (CWE-90).

`search` takes the filter with `{0}`, `{1}` … and the values apart from it. It escapes what means something in a filter,
so a value is only ever compared. Names of attributes cannot be given so: choose those from a fixed list.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`search(base, "(uid=" + uid + ")", controls)` → the filter with `{0}`, and the value beside it."""
    file, call = flagged_node(target, parsed(target, "java"), ("method_invocation",), _searches)
    where = f"{file.path}:{file.number(call)}"
    given = _arguments(call)
    made = built(file, call, given[1])
    line = template(file, made) if made is not None else None
    if made is None or line is None or not line.values:
        message = f"{where} takes a filter that is not surely put together here from text and values"
        raise NoFix(message)
    text, values = _numbered(line.parts, where)
    array = f"new Object[] {{{', '.join(values)}}}"
    if made == given[1]:
        edits = [file.replace(made, f"{text}, {array}")]
    else:
        edits = [file.replace(made, text), file.insert(given[1].end_byte, f", {array}")]
    yield candidate(
        "filter-arguments",
        edits,
        "The directory gets the values apart from the filter, with what means something in one escaped.",
        declares=(f"statement:{file.number(made)}",),
        warnings=("A `*` in a value no longer matches anything but itself.",),
    )


def _numbered(parts: tuple[str | Value, ...], where: str) -> tuple[str, list[str]]:
    text, values = "", list[str]()
    for index, part in enumerate(parts):
        if isinstance(part, str):
            text += part
            continue
        after = parts[index + 1] if index + 1 < len(parts) else ""
        ends = isinstance(after, str) and _ENDS.match(after) is not None
        if not _COMPARED.search(text) or not ends or _FRAGMENT.search(part.source):
            message = f"{where} builds more of its filter than a value that is compared: take that from a fixed list"
            raise NoFix(message)
        text += f"{{{len(values)}}}"
        values.append(part.source)
    if re.sub(r"\{\d\}", "", text).count("{"):
        message = f"{where} has braces of its own in its filter"
        raise NoFix(message)
    return quoted(text), values


@fixer(
    name="jvm-ldap-objects",
    weakness="objects made of a directory's answer",
    cwes=(90, 502),
    rules={"semgrep": ["ldap-entry-poisoning"]},
    explain="""With this flag an answer's entries may hold serialised Java objects, or say where a class is to be
fetched from, and the program makes them: whoever can change an entry runs code in it (CWE-502).

Attributes are all that most programs read. Without the flag no object is made, whatever an entry holds.""",
)
def propose_without_objects(target: Target) -> Iterator[Candidate]:
    """`setReturningObjFlag(true)` and the constructor's fifth argument → false."""
    file = jvm(target)
    if matches(file, _USES_OBJECTS, 0, len(file.content)) and matches(file, r"\bSearchResult\b", *_all(file)):
        message = f"{file.path}:{region(target).start_line} reads the objects: keep what it needs in attributes"
        raise NoFix(message)
    flag = next((each for node in file.of("object_creation_expression") if (each := _flag(target, file, node))), None)
    if flag is not None:
        yield candidate("entries-only", [file.replace(flag, "false")], _ENTRIES)
        return
    yield from propose_settings(target, _OBJECTS)


def _flag(target: Target, file: Parsed, node: Node) -> Node | None:
    """The fifth argument of `new SearchControls(…)` at the flagged line, where it is true."""
    kind, given = node.child_by_field_name("type"), _arguments(node)
    named = kind is not None and file.text(kind).rpartition(".")[2] == "SearchControls"
    here = file.number(node) == region(target).start_line
    return given[4] if named and here and len(given) == 6 and file.text(given[4]) == "true" else None


def _all(file: Parsed) -> tuple[int, int]:
    return 0, len(file.content)


def _arguments(call: Node) -> list[Node]:
    given = call.child_by_field_name("arguments")
    return [node for node in given.named_children if "comment" not in node.type] if given is not None else []


def _searches(file: Parsed, call: Node) -> bool:
    name = call.child_by_field_name("name")
    given = _arguments(call)
    return name is not None and file.text(name) == "search" and len(given) == 3 and given[1].type != "string_literal"
