"""Request data evaluated as code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate
from workers.fixers.javascript.script import arguments, called, flagged_node
from workers.fixers.javascript.strings import template
from workers.fixers.pieces import Value
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_REQUEST = re.compile(r"(?:req|request|ctx\.request|ctx)\.(?:body|query|params|headers|cookies)\b[\w.\[\]'\"]*")
_COMPUTES = re.compile(r"\w*(?:expr|formula|equation|calc|\bmath|func|code|script|source\b)\w*", re.IGNORECASE)


@fixer(
    name="javascript-eval",
    weakness="evaluation of text as code",
    cwes=(94, 95),
    rules={
        "njsscan": ["eval_nodejs"],
        "semgrep": ["eval-detected", "code-string-concat", "detect-eval-with-expression"],
        "eslint": ["security/detect-eval-with-expression"],
        "eslint-plugin-security": ["detect-eval-with-expression"],
    },
    explain="""`eval` runs any program: a request that sends `process.exit()` or `require('fs')…` runs it in the server
(CWE-95).

What a request sends is data. `JSON.parse` reads numbers, strings, lists and objects, and throws on anything else;
`Number` reads one number and gives NaN for the rest. Text that is meant to compute something needs a parser of
its own.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`eval(request data)` → read as JSON, or as a number."""
    file, call = flagged_node(target, ("call_expression",), _evaluates)
    function, given = call.child_by_field_name("function"), arguments(call)
    data = _of_json(file, given[0]) if len(given) == 1 else None
    if function is not None and data is not None:
        yield candidate(
            "json-parse",
            [file.replace(function, "JSON.parse"), file.replace(given[0], data)],
            "The data between the brackets is read as JSON; nothing in it is run.",
            warnings=("Data with names without quotes, or with functions, is no JSON: it now throws a SyntaxError.",),
        )
        return
    if function is None or len(given) != 1 or not _REQUEST.fullmatch(file.text(given[0])):
        message = (
            f"{file.path}:{file.number(call)} evaluates text that is put together here: that needs a parser of its own"
        )
        raise NoFix(message)
    if computes := _COMPUTES.search(file.text(given[0])):
        message = (
            f"{file.path}:{file.number(call)} evaluates `{computes[0]}`, so it means to compute: that needs a parser"
        )
        raise NoFix(message)
    yield candidate(
        "json-parse",
        [file.replace(function, "JSON.parse")],
        "The data is read as JSON; nothing in it is run.",
        warnings=("Anything that is not JSON now throws a SyntaxError: answer it with status 400.",),
    )
    yield candidate(
        "number",
        [file.replace(function, "Number")],
        "The data is read as one number; nothing in it is run.",
        warnings=("Only right where a number is meant: check the result with Number.isFinite.",),
    )


def _of_json(file: Parsed, node: Node) -> str | None:
    """The data of `eval('(' + data + ')')`, which browsers without JSON.parse were given."""
    built = template(file, node)
    parts = built.parts if built is not None else ()
    if len(parts) != 3 or parts[0] != "(" or parts[2] != ")" or not isinstance(parts[1], Value):
        return None
    return parts[1].source


def _evaluates(file: Parsed, call: Node) -> bool:
    return called(file, call) in {"eval", "window.eval", "global.eval"}
