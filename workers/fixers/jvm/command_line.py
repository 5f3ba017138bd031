"""Command lines that Java takes apart at their blanks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate
from workers.fixers.code import Parsed, candidate, flagged_node
from workers.fixers.command_line import refuse_several
from workers.fixers.jvm import kotlin_strings, strings
from workers.fixers.jvm.source import is_kotlin, jvm
from workers.fixers.pieces import Value
from workers.fixers.registry import NoFix, Target, fixer

if TYPE_CHECKING:
    from tree_sitter import Node

_EXEC = re.compile(r"Runtime\s*\.\s*getRuntime\(\s*\)\s*\.\s*exec$")
_SHELLS = re.compile(r"(?:^|/)(?:ba|da|k|z|c)?sh$|^(?:cmd|powershell)(?:\.exe)?$", re.IGNORECASE)
_SHELL_MARKS = re.compile(r"[|&;<>*?`\"'\\]|\$\(")
_WHOLE = "A value that was meant to hold several arguments is now one argument."


@fixer(
    name="jvm-command-line",
    weakness="command line put together from values",
    cwes=(77, 78, 88),
    rules={
        "mobsfscan": [
            "command_injection",
            "command_injection_warning",
            "android_kotlin_command_injection",
            "android_kotlin_command_injection_warning",
        ],
        "semgrep": [
            "command-injection-formatted-runtime-call",
            "command-injection-process-builder",
            "tainted-system-command",
        ],
    },
    explain="""`Runtime.exec(String)` takes the line apart at every blank, so a value with a blank in it becomes several
arguments, and one that begins with `-` an option (CWE-88). There is no shell in between, but a line that begins with
`sh -c` brings one, and then the value is a command (CWE-78).

As a list, each argument arrives as one, whatever it contains: `ProcessBuilder` takes it, and so does `exec` with an
array. What a program reads as options is still up to it: put `--` before values where it knows that.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`exec("ping " + host)` → a list of arguments."""
    file, call = flagged_node(target, jvm(target), ("method_invocation", "call_expression"), _executes)
    given = _arguments(call)
    where = f"{file.path}:{file.number(call)}"
    if len(given) != 1:
        message = f"{where} also sets the environment or the folder: use ProcessBuilder with a list of arguments"
        raise NoFix(message)
    words = _words(file, given[0], where)
    listed = ", ".join(words)
    array = f"arrayOf({listed})" if is_kotlin(file) else f"new String[]{{{listed}}}"
    process = f"ProcessBuilder({listed}).start()"
    yield candidate(
        "process-builder",
        [file.replace(call, process if is_kotlin(file) else f"new {process}")],
        "Each argument arrives as one; nothing is taken apart at blanks.",
        warnings=(_WHOLE,),
    )
    yield candidate(
        "argument-array",
        [file.replace(given[0], array)],
        "Each argument arrives as one; nothing is taken apart at blanks.",
        warnings=(_WHOLE,),
    )


def _words(file: Parsed, node: Node, where: str) -> list[str]:
    """The line's words as expressions, taken apart as Java does it: at blanks of the program's own text.

    Raises:
        NoFix: the line is built elsewhere, begins with a value, or is for a shell.
    """
    built = (kotlin_strings if is_kotlin(file) else strings).template(file, node)
    if built is None:
        message = f"{where} runs a line that is put together elsewhere: build it as a list of arguments there"
        raise NoFix(message)
    words: list[list[str | Value]] = [[]]
    for part in built.parts:
        if isinstance(part, Value):
            words[-1].append(part)
            continue
        first, *others = re.split(r"\s+", part)
        words[-1].append(first)
        words += [[other] for other in others]
    pieces = [[part for part in word if part != ""] for word in words]
    pieces = [word for word in pieces if word]
    program = pieces[0][0] if pieces else ""
    if not isinstance(program, str) or len(pieces[0]) != 1 or _SHELLS.search(program):
        message = f"{where} takes its program from a value or starts a shell: what may run is for a person to say"
        raise NoFix(message)
    refuse_several([built], where)
    if _SHELL_MARKS.search(built.literal):
        message = f"{where} holds quotes or marks of a shell, which Java gives to the program as they are"
        raise NoFix(message)
    return [_written(file, word) for word in pieces]


def _written(file: Parsed, word: list[str | Value]) -> str:
    if len(word) == 1 and isinstance(word[0], Value):
        text = word[0].source
        plain = re.fullmatch(r"\w+", text) and re.search(
            rf"\bString\s+{text}\b|\b{text}\s*:\s*String\b", file.content.decode()
        )
        return text if plain else (f'"${{{text}}}"' if is_kotlin(file) else f"String.valueOf({text})")
    joined = [strings.quoted(part) if isinstance(part, str) else part.source for part in word]
    return " + ".join(joined if isinstance(word[0], str) else ['""', *joined])


def _executes(file: Parsed, call: Node) -> bool:
    given = _list(call)
    return given is not None and _EXEC.search(file.slice(call.start_byte, given.start_byte)) is not None


def _arguments(call: Node) -> list[Node]:
    given = _list(call)
    nodes = given.named_children if given is not None else []
    return [node.named_children[-1] if node.type == "value_argument" else node for node in nodes]


def _list(node: Node) -> Node | None:
    return next((child for child in node.children if child.type in {"argument_list", "value_arguments"}), None)
