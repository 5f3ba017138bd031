"""Regular expressions made of what somebody typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.binding import bound, given_again
from workers.fixers.javascript.helper import helper
from workers.fixers.javascript.own_value import is_own
from workers.fixers.javascript.script import arguments, called, flagged_node
from workers.fixers.registry import Harmless, NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_ESCAPED = """function escapedPattern(text) {
  return String(text).replace(/[\\\\^$.*+?()[\\]{}|]/g, '\\\\$&');
}"""
_MATCHING = """function patternOfText(text, flags) {
  return new RegExp(String(text).replace(/[\\\\^$.*+?()[\\]{}|]/g, '\\\\$&'), flags);
}"""
_NO_WILDCARDS = "Searches with wildcards of regular expressions no longer work."
_ESCAPES = re.compile(
    r"(?:^|\.)(?:escape(?:d|String)?_?reg(?:ular)?_?ex\w*|regexp?_?escape|RegExp\.escape|quotemeta)$", re.IGNORECASE
)
_BY_HAND = re.compile(r"\.replace(?:All)?\(\s*/(?:\(?\[[^\n]*\]\)?)/g,\s*(['\"])\\\\\$(?:&|1)\1\s*\)$")
r"""`.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')`."""
_TEXT = re.compile(r"\b(?:req|request|ctx)\.(?:query|params|body|headers|cookies)\b")
_VALUES = ("identifier", "member_expression", "subscript_expression", "call_expression")
_SEARCHED = re.compile(
    r"search|query|term|keyword|needle|name|text|word|title|filter|prefix|suffix|email|\bq\b", re.IGNORECASE
)
_PATTERN = re.compile(r"reg|pattern|glob|match|source|expr|rule|template", re.IGNORECASE)


@fixer(
    name="javascript-text-pattern",
    weakness="regular expression from a request",
    cwes=(185, 400, 625, 1333),
    rules={
        "njsscan": ["regex_injection_dos"],
        "semgrep": ["detect-non-literal-regexp"],
        "eslint": ["security/detect-non-literal-regexp"],
        "eslint-plugin-security": ["detect-non-literal-regexp"],
    },
    in_tests=False,
    explain="""A pattern such as `(a+)+$` keeps one request busy for minutes, and with it every other request of this
process (CWE-1333); `.` or `|` find what was not searched for (CWE-625).

What people type is text, not a pattern: with its special characters escaped it matches itself. Where only the presence
of a text is asked for, `includes` needs no pattern. Where people are to write patterns, an engine that does not go back
(RE2) is the answer.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`new RegExp(typed)` → a pattern of the text itself."""
    file, call = flagged_node(target, ("new_expression", "call_expression"), _makes)
    given = arguments(call)
    where = f"{file.path}:{file.number(call)}"
    if is_own(file, given[0], target.tree):
        message = f"{where} has a pattern of which the program itself says every part: nobody else can make it slow"
        raise Harmless(message)
    values = list(_inserted(file, given[0]))
    if not values:
        message = f"{where} has a pattern that is always the same: write it as a literal between slashes"
        raise NoFix(message)
    if all(_is_escaped(file, value) or is_own(file, value, target.tree) for value in values):
        message = f"{where} escapes what it puts into the pattern: every character of it stands for itself"
        raise Harmless(message)
    if not all(_is_text(file.text(value), target) for value in values):
        message = f"{where} does not show that the pattern is meant as text: escaped, it would match itself only"
        raise NoFix(message)
    yield from any_of(lambda: _matching(file, call, given), lambda: _escaped(file, values, target))


def _is_escaped(file: Parsed, value: Node) -> bool:
    """Whether it is the result of a function that escapes a pattern's special characters."""
    if value.type == "call_expression":
        return _ESCAPES.search(called(file, value)) is not None or _BY_HAND.search(file.text(value)) is not None
    found = bound(file, value) if value.type == "identifier" else None
    if found is None or found.kind != "value" or found.node is None or given_again(file, value, found):
        return False
    return found.node.type == "call_expression" and _is_escaped(file, found.node)


def _inserted(file: Parsed, node: Node) -> Iterator[Node]:
    """The values in a string expression, or the expression itself.

    Raises:
        NoFix: it is another kind of expression, or a value stands in a set of characters, where others are special.
    """
    if node.type in _VALUES:
        before = file.slice(file.starts[file.number(node) - 1], node.start_byte)
        if re.search(r"\[[^\]]*(?:['\"]\s*\+\s*|\$\{)$", before):
            message = f"{file.path}:{file.number(node)} puts the text into a set of characters"
            raise NoFix(message)
        yield node
    elif node.type in {"template_string", "template_substitution", "binary_expression", "parenthesized_expression"}:
        for part in node.named_children:
            yield from _inserted(file, part)
    elif node.type not in {"string", "string_fragment", "escape_sequence"}:
        message = f"{file.path}:{file.number(node)} makes its pattern by more than putting texts together"
        raise NoFix(message)


def _is_text(value: str, target: Target) -> bool:
    """Whether the value is what a person looks for: said by its name, or as a field of the request."""
    if target.finding.tool == "njsscan" or _TEXT.search(value):
        return not _PATTERN.search(value.rpartition(".")[2])
    return _SEARCHED.search(value) is not None and not _PATTERN.search(value)


def _matching(file: Parsed, call: Node, given: list[Node]) -> Candidate:
    if given[0].type not in _VALUES:
        message = f"{file.path}:{file.number(call)} puts the text into a pattern"
        raise NoFix(message)
    added = helper(file, _MATCHING, typed="text: unknown, flags?: string")
    flags = "".join(f", {file.text(node)}" for node in given[1:2])
    return candidate(
        "pattern-of-text",
        [file.replace(call, f"patternOfText({file.text(given[0])}{flags})"), *added.edits],
        "Every character stands for itself: the text is found as it was typed, in linear time.",
        declares=added.declares,
        warnings=(_NO_WILDCARDS,),
    )


def _escaped(file: Parsed, values: list[Node], target: Target) -> Candidate:
    if target.finding.tool == "njsscan":
        message = f"{file.path}:{file.number(values[0])} puts a value of the request into a pattern, escaped or not"
        raise NoFix(message)
    added = helper(file, _ESCAPED, typed="text: unknown")
    edits = [file.replace(value, f"escapedPattern({file.text(value)})") for value in values]
    return candidate(
        "escaped",
        [*edits, *added.edits],
        "The special characters of the text are escaped before it becomes part of the pattern.",
        declares=added.declares,
        warnings=(_NO_WILDCARDS,),
    )


def _makes(file: Parsed, call: Node) -> bool:
    return called(file, call) == "RegExp" and bool(arguments(call))
