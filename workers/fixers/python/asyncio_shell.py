"""Commands that asyncio hands to a shell."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import candidate
from workers.fixers.command_line import refuse_several, words_of
from workers.fixers.python.shell.line import command_lines, quote_of, quoted_line, refuse_fixed
from workers.fixers.python.shell.windows import refuse_scripts
from workers.fixers.python.source.calls import refuse_unpacked
from workers.fixers.python.source.imports import imported
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.repository import InRepository
from workers.fixers.python.source.strings import f_string
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.test_code import harmless_in_tests

_SHELLS = ("asyncio.create_subprocess_shell", "asyncio.subprocess.create_subprocess_shell")
_OF_A_SHELL = ("executable", "shell", "text", "universal_newlines")


@fixer(
    name="python-asyncio-shell",
    weakness="command run through a shell",
    cwes=(78,),
    rules={"semgrep": ["dangerous-asyncio-shell*"]},
    explain="""A shell reads `;`, `|`, `$(…)` and quotes in its command line. Where a part of that line comes from
outside, its writer can end the command and start another one (CWE-78).

`create_subprocess_exec` takes the program and each argument by itself, and no shell reads them: each arrives as it is,
whatever it contains. The arguments can be written out, or made by `shlex.split()` from the line; then each inserted
value goes through `shlex.quote()`. A line with a pipe or a redirection has to become a process for each program.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`create_subprocess_shell(line)` → `create_subprocess_exec` with its words."""
    file, call = flagged(target, ast.Call, lambda each, node: each.calls(node, *_SHELLS) and bool(node.args))
    with harmless_in_tests(target, "what its shell runs is what the test itself makes up"):
        yield from _without_shell(target, file, call)


def _without_shell(target: Target, file: Module, call: ast.Call) -> Iterator[Candidate]:
    where = f"{file.path}:{call.lineno}"
    refuse_unpacked(file, call)
    if len(call.args) != 1 or any(each.arg in _OF_A_SHELL for each in call.keywords):
        message = f"{where} gives its shell options of its own"
        raise NoFix(message)
    if not isinstance(call.func, ast.Attribute):
        message = f"{where} calls `{file.text(call.func)}`, imported by name: import asyncio"
        raise NoFix(message)
    command = call.args[0]
    (node, line), *others = command_lines(file, command)
    if others:
        message = f"{where} runs one of several lines: give each as a list of arguments"
        raise NoFix(message)
    refuse_scripts(target.tree, file, call.lineno, [line])
    words = words_of(line, lambda pieces: f_string(pieces, quote_of(file)))
    if words is None:
        refuse_fixed(InRepository(file, target.tree), call, [line])
        message = (
            f"{where} needs its shell (pipes, redirections, variables, wildcards) or takes its program from a value: "
            "write it without them, or start each program by itself"
        )
        raise NoFix(message)
    refuse_several([line], where)
    name = f"{file.text(call.func.value)}.create_subprocess_exec"
    warnings = ("A program that is not found now raises FileNotFoundError instead of ending with status 127.",)
    declares = [f"statement:{file.statement(node).lineno}", f"statement:{file.statement(call).lineno}"]
    start, end = file.span(call.func)[0], file.span(command)[1]
    if node is command:
        given: list[Edit] = [file.edit(start, end, f"{name}({', '.join(words)}")]
    else:
        given = [file.replace(node, f"[{', '.join(words)}]"), file.edit(start, end, f"{name}(*{file.text(command)}")]
    yield candidate(
        "arguments",
        given,
        "The program is started directly with exactly these arguments; no shell reads them.",
        declares=declares,
        warnings=warnings,
    )
    split = imported(target, file, "shlex")
    text = quoted_line(line, split.name, quote_of(file))
    if text is not None and node is command:
        yield candidate(
            "shlex-split",
            [file.edit(start, end, f"{name}(*{split.name}.split({text})"), *split.edits],
            "The line stays readable as a line and is split in this process; every value in it is quoted, so it stays "
            "one argument; no shell runs.",
            declares=(*split.declares, *declares),
            warnings=warnings,
        )
