"""Answers that show how the program is built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.script import arguments, called, flagged_node, quote, semicolon
from workers.fixers.registry import NoFix, Target, fixer
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node


@fixer(
    name="javascript-error-answer",
    weakness="stack trace in an answer",
    cwes=(209,),
    rules={"njsscan": ["node_error_disclosure"], "semgrep": ["*error-disclosure*", "*stack-trace*"]},
    in_tests=False,
    explain="""A stack trace names files, libraries and their versions: what somebody wants to know who looks for a way
in (CWE-209). The one who asked has no use for it.

The trace goes to the program's own log, and the answer says that something went wrong. Where the handler has `next`,
the error is handed on: the application's error handler then answers for all routes alike, and Express's own shows the
trace only outside of production.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`res.send(error.stack)` → the trace into the log, and a sentence for the visitor."""
    file, call = flagged_node(target, ("call_expression",), _shows_trace)
    trace = arguments(call)[0]
    yield from any_of(lambda: _logged(file, call, trace), lambda: _handed_on(file, call, trace))


def _logged(file: Parsed, call: Node, trace: Node) -> Candidate:
    statement = call.parent
    where = f"{file.path}:{file.number(call)}"
    if statement is None or statement.type not in {"expression_statement", "return_statement"}:
        message = f"{where} answers inside of another expression"
        raise NoFix(message)
    line = file.number(statement)
    start = file.starts[line - 1]
    indent = file.slice(start, statement.start_byte)
    if indent.strip():
        message = f"{where} shares its line with other code"
        raise NoFix(message)
    mark = quote(file)
    return candidate(
        "logged",
        [
            file.insert(start, f"{indent}console.error({file.text(trace)}){semicolon(file)}\n"),
            file.replace(trace, f"{mark}Internal Server Error{mark}"),
        ],
        "The trace is in the program's log; the answer shows nothing of it.",
        declares=(f"insert:{line}", f"statement:{line}"),
    )


def _handed_on(file: Parsed, call: Node, trace: Node) -> Candidate:
    error = trace.child_by_field_name("object")
    for outer in ancestors(call):
        given = outer.child_by_field_name("parameters")
        names = [file.text(node) for node in given.named_children] if given is not None else []
        if "next" in names[-1:] and len(names) >= 3 and error is not None:
            return candidate(
                "handed-on",
                [file.replace(call, f"next({file.text(error)})")],
                "The application's error handler answers.",
                warnings=("Express's own handler shows the trace unless NODE_ENV is production.",),
            )
    message = f"{file.path}:{file.number(call)} has no `next` to hand the error to"
    raise NoFix(message)


def _shows_trace(file: Parsed, call: Node) -> bool:
    given = arguments(call)
    answers = called(file, call).rpartition(".")[2] in {"send", "end"} and len(given) == 1
    return answers and given[0].type == "member_expression" and file.text(given[0]).endswith(".stack")
