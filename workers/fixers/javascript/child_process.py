"""Commands handed to a shell by Node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import Parsed, candidate
from workers.fixers.command_line import refuse_several, words_of
from workers.fixers.javascript.own_value import is_own
from workers.fixers.javascript.script import arguments, called, flagged_node, pairs, quote
from workers.fixers.javascript.spawn_shell import refuse_batch
from workers.fixers.javascript.strings import quoted, template, written
from workers.fixers.pieces import Value
from workers.fixers.registry import Harmless, NoFix, NotHere, Target, fixer
from workers.source.syntax import ancestors

if TYPE_CHECKING:
    from tree_sitter import Node

_STARTS = frozenset(("spawn", "spawnSync", "execFile", "execFileSync"))
_SHELLS = {"exec": "execFile", "execSync": "execFileSync"}


@fixer(
    name="javascript-child-process",
    weakness="command run through a shell",
    cwes=(78,),
    rules={
        "njsscan": ["generic_os_command_exec"],
        "semgrep": ["detect-child-process", "node_os_command_exec", "generic_os_command_exec"],
        "eslint": ["security/detect-child-process"],
        "eslint-plugin-security": ["detect-child-process"],
    },
    explain="""`exec` gives its line to a shell, which reads `;`, `|`, `$(…)` and quotes in it. Where a part of the
line comes from a request, its writer can end the command and start another one (CWE-78).

`execFile` starts one program with a list of arguments and no shell: each element arrives as one argument, whatever it
contains. It takes the same options and the same callback. It is possible where the line uses nothing of the shell: no
pipe, redirection, variable or wildcard. A value that begins with `-` is still read as an option by most programs: put
`--` before it where the program knows that.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`exec(line)` → `execFile(program, arguments)`."""
    try:
        file, call = flagged_node(target, ("call_expression",), _runs_shell)
    except NotHere:
        _refuse_started(target)
        raise
    given = arguments(call)
    if is_own(file, given[0], target.tree):
        message = (
            f"{file.path}:{file.number(call)} runs a line of which the program itself says every word: nobody who asks "
            "it has a part in the command"
        )
        raise Harmless(message)
    line = template(file, given[0])
    mark = quote(file)
    words = words_of(line, lambda parts: _word(parts, mark)) if line is not None else None
    set_shell = next((value for each in given[1:] for name, _, value in pairs(file, each) if name == "shell"), None)
    if set_shell is not None:
        message = f"{file.path}:{file.number(call)} asks for the shell {file.text(set_shell)} in its options"
        raise NoFix(message)
    if line is None or words is None:
        message = (
            f"{file.path}:{file.number(call)} needs its shell, takes its program from a value, or builds its line "
            "elsewhere: start each program by execFile with a list of arguments"
        )
        raise NoFix(message)
    refuse_several([line], f"{file.path}:{file.number(call)}")
    program, *rest = words
    refuse_batch(target, file, program.strip("'\"`"), f"{file.path}:{file.number(call)}")
    name, edits, declares = _renamed(file, call)
    yield candidate(
        name,
        [file.replace(given[0], f"{program}, [{', '.join(rest)}]"), *edits],
        "The program is started directly with exactly these arguments; no shell reads them.",
        declares=declares,
        warnings=("A value that was meant to hold several arguments is now one argument.",),
    )


def _refuse_started(target: Target) -> None:
    """Say what there is to say of a program that is started without a shell.

    Raises:
        Harmless: the program itself says which one.
        NoFix: its callers do.
    """
    file, call = flagged_node(target, ("call_expression",), _starts)
    given = arguments(call)
    where = f"{file.path}:{file.number(call)}"
    if any(name == "shell" for each in given[1:] for name, _, _ in pairs(file, each)):
        message = f"{where} starts a program through a shell: start it without, by a list of arguments"
        raise NoFix(message)
    if is_own(file, given[0], target.tree):
        message = f"{where} starts a program that it names itself, without a shell: no argument is read as a command"
        raise Harmless(message)
    message = f"{where} starts whatever program it is told to: keep those that are meant in a list, and compare with it"
    raise NoFix(message)


def _starts(file: Parsed, call: Node) -> bool:
    name = called(file, call)
    return name.rpartition(".")[2] in _STARTS and bool(arguments(call)) and _of_child_process(file, name)


def _runs_shell(file: Parsed, call: Node) -> bool:
    name = called(file, call)
    return name.rpartition(".")[2] in _SHELLS and bool(arguments(call)) and _of_child_process(file, name)


def _of_child_process(file: Parsed, name: str) -> bool:
    """Whether the called name is that of Node's module; `RegExp.exec` has the same name."""
    source = file.content.decode()
    module = r"['\"](?:node:)?child_process['\"]"
    holder, _, function = name.rpartition(".")
    if holder:
        known = re.escape(holder)
        named = rf"\b{known}\s*=\s*require\(\s*{module}|import\s+(?:\*\s*as\s+)?{known}\s+from\s+{module}"
        return bool(re.search(named, source)) or holder.replace('"', "'") == "require('child_process')"
    listed = rf"\{{[^}}]*\b{function}\b[^}}]*\}}\s*(?:=\s*require\(\s*|from\s+){module}"
    return bool(
        re.search(listed, source) or re.search(rf"\b{function}\s*=\s*require\(\s*{module}\s*\)\.{function}", source)
    )


def _word(parts: object, mark: str) -> str | None:
    pieces = list(parts) if isinstance(parts, list) else []
    if all(isinstance(piece, str) for piece in pieces):
        return quoted("".join(str(piece) for piece in pieces), mark)
    if len(pieces) == 1 and isinstance(pieces[0], Value):
        return f"String({pieces[0].source})"
    return written(pieces)


def _renamed(file: Parsed, call: Node) -> tuple[str, tuple[Edit, ...], tuple[str, ...]]:
    function = call.child_by_field_name("function")
    name = called(file, call).rpartition(".")[2]
    new = _SHELLS[name]
    if function is not None and function.type == "member_expression":
        member = function.child_by_field_name("property")
        if member is not None:
            return new, (file.replace(member, new),), ()
    imports = [
        node for node in file.of("shorthand_property_identifier_pattern", "import_specifier") if file.text(node) == name
    ]
    taken = any(file.text(node) == new for node in file.of("shorthand_property_identifier_pattern", "import_specifier"))
    if function is None or len(imports) != 1:
        message = f"{file.path}:{file.number(call)} takes `{name}` in a form that cannot be extended by `{new}`"
        raise NoFix(message)
    uses = [node for node in file.of("identifier") if file.text(node) == name and node not in ancestors(imports[0])]
    uses = [node for node in uses if node.parent != imports[0]]
    if taken:
        added: tuple[Edit, ...] = ()
    else:
        added = (file.replace(imports[0], new),) if len(uses) == 1 else (file.insert(imports[0].end_byte, f", {new}"),)
    return new, (file.replace(function, new), *added), (f"statement:{file.number(imports[0])}", "import:child_process")
