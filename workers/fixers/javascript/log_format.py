"""Log lines whose format string holds a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, any_of, candidate
from workers.fixers.javascript.script import arguments, called, flagged_node, quote
from workers.fixers.javascript.strings import quoted, template
from workers.fixers.pieces import Value
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node


@fixer(
    name="javascript-log-format",
    weakness="format string from a value",
    cwes=(134,),
    rules={"semgrep": ["unsafe-formatstring"]},
    explain="""`console.log` and `util.format` read `%s`, `%d`, `%o` in their first argument. A value pasted into it
can hold such marks, swallow the arguments that follow and so forge or hide what the log says (CWE-134).

With a constant first argument values are only ever values: either each has its own `%s` in the text, or the text as
it was becomes the value of a single `%s`. The line looks the same.""",
    in_tests=False,
)
def propose(target: Target) -> Iterator[Candidate]:
    """A format put together from values → a constant one."""
    file, call = flagged_node(target, ("call_expression",), _formats)
    first = arguments(call)[0]
    mark = quote(file)

    def each() -> Candidate:
        line = template(file, first)
        if line is None or "%" in line.literal:
            message = f"{file.path}:{file.number(call)} has percent signs of its own in the text"
            raise NoFix(message)
        text = "".join("%s" if isinstance(part, Value) else part for part in line.parts)
        values = ", ".join(value.source for value in line.values)
        return candidate(
            "value-marks",
            [file.replace(first, f"{quoted(text, mark)}, {values}")],
            "The format is constant and each value has its own mark.",
            warnings=("Objects are shown by their contents, where a template wrote [object Object].",),
        )

    yield from any_of(
        lambda: candidate(
            "constant-format",
            [file.insert(first.start_byte, f"{mark}%s{mark}, ")],
            "The format is constant; the text as it was is its first value.",
        ),
        each,
    )


def _formats(file: Parsed, call: Node) -> bool:
    name = called(file, call)
    formats = name.startswith("console.") or name.endswith("util.format")
    given = arguments(call)
    return formats and len(given) > 1 and given[0].type in {"template_string", "binary_expression"}
