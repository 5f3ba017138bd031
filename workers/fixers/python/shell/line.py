"""A shell's command line in Python code: whether anything comes into it, and how it is quoted."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from workers.fixers.pieces import Template, Value, joined
from workers.fixers.python.source.fixed import is_fixed
from workers.fixers.python.source.module import Module
from workers.fixers.python.source.strings import f_string, template
from workers.fixers.python.source.variables import definitions
from workers.fixers.registry import Harmless, NoFix


def command_lines(file: Module, command: ast.expr) -> list[tuple[ast.expr, Template]]:
    """The expressions that make the line: the argument, or every definition of the variable that it names."""
    line = template(file, command)
    if line is not None:
        return [(command, line)]
    defined = definitions(file, command) if isinstance(command, ast.Name) else None
    lines = [(each.value, template(file, each.value)) for each in defined or ()]
    found = [(value, line) for value, line in lines if line is not None]
    if not found or len(found) != len(lines):
        message = (
            f"{file.path}:{command.lineno} runs a command line that is put together elsewhere: "
            "build it as a list of arguments there"
        )
        raise NoFix(message)
    return found


def quote_of(file: Module) -> str:
    """The quotation mark that the file uses most."""
    return "'" if file.content.count(b"'") > file.content.count(b'"') else '"'


def refuse_clear(file: Module, call: ast.Call, lines: Sequence[Template]) -> None:
    """Say so where the screen alone is cleared, which Windows has no such program for.

    Raises:
        Harmless: it is.
    """
    if all(not line.values and line.literal.strip() in {"clear", "reset"} for line in lines):
        message = f"{file.path}:{call.lineno} clears the screen by a line that is fixed: nothing comes in"
        raise Harmless(message)


def refuse_fixed(file: Module, call: ast.Call, lines: Sequence[Template]) -> None:
    """Say so where a line needs its shell and holds only what the code itself writes.

    Raises:
        Harmless: it does.
    """
    values = [ast.parse(f"({each.source})", mode="eval").body for line in lines for each in line.values]
    called = any(isinstance(node, ast.Call) for value in values for node in ast.walk(value))
    if not called and all(is_fixed(file, value, call.lineno) for value in values):
        message = f"{file.path}:{call.lineno} needs its shell for a line that this code alone fixes: nothing comes in"
        raise Harmless(message)


def quoted_line(line: Template, shlex_name: str, quote: str) -> str | None:
    """The line as one expression with every value quoted; `None` where a value stands in quotes of the line's own.

    Quotes around one value and nothing else go: the value is quoted by itself.
    """
    line = _without_quotes(line)
    if any(_in_quotes(line, index) for index, part in enumerate(line.parts) if isinstance(part, Value)):
        return None
    parts = [part if isinstance(part, str) else _shell_quoted(part, shlex_name) for part in line.parts]
    return f_string(parts, quote)


def _without_quotes(line: Template) -> Template:
    parts = list(line.parts)
    for index in range(1, len(parts) - 1):
        before, value, after = parts[index - 1 : index + 2]
        if isinstance(before, str) and isinstance(value, Value) and isinstance(after, str):
            mark = before[-1:]
            opens = (
                mark in {'"', "'"}
                and mark == after[:1]
                and not _in_quotes(Template((*parts[: index - 1], before[:-1], value)), index)
            )
            if opens and (not before[:-1] or before[-2].isspace()) and (not after[1:] or after[1].isspace()):
                parts[index - 1], parts[index + 1] = before[:-1], after[1:]
    return joined(parts)


def _shell_quoted(value: Value, shlex_name: str) -> Value:
    if value.quoted:
        return value
    return Value(f"{shlex_name}.quote({value.source if value.text else f'str({value.source})'})")


def _in_quotes(line: Template, index: int) -> bool:
    before = "".join(part for part in line.parts[:index] if isinstance(part, str))
    return before.count('"') % 2 == 1 or before.count("'") % 2 == 1
