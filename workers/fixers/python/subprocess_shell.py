"""Commands handed to a shell."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import candidate
from workers.fixers.command_line import refuse_several, words_of
from workers.fixers.pieces import Template
from workers.fixers.python.shell.call import SYSTEM, refuse_expectation, shell_call
from workers.fixers.python.shell.line import command_lines, quote_of, quoted_line, refuse_clear, refuse_fixed
from workers.fixers.python.shell.missing_program import caught_too
from workers.fixers.python.shell.pipe import without_system
from workers.fixers.python.shell.redirect import takes, without_redirects
from workers.fixers.python.shell.windows import refuse_scripts
from workers.fixers.python.source.calls import argument, keyword, remove_argument
from workers.fixers.python.source.expected_calls import refuse_expected, refuse_replaced
from workers.fixers.python.source.import_instead import instead
from workers.fixers.python.source.imports import Import, imported, together
from workers.fixers.python.source.module import Module
from workers.fixers.python.source.release import may_lack
from workers.fixers.python.source.repository import InRepository
from workers.fixers.python.source.strings import f_string
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.test_code import harmless_in_tests

_WIDEST = 110  # columns
_FEW = 4  # words


@fixer(
    name="python-subprocess-shell",
    weakness="command run through a shell",
    cwes=(78,),
    rules={
        "bandit": ["B602", "B604", "B605"],
        "semgrep": [
            "subprocess-shell-true",
            "dangerous-system-call*",
            "dangerous-subprocess-use*",
            "subprocess-injection",
            "os-system-injection",
            "command-injection-os-system",
        ],
    },
    explain="""A shell reads `;`, `|`, `$(…)` and quotes in its command line. Where a part of that line comes from
outside, its writer can end the command and start another one (CWE-78).

A list of arguments, without a shell, has no such syntax: each element arrives as one argument, whatever it contains.
That is possible where the line uses nothing of the shell: no pipe, redirection, variable or wildcard; output that goes
to /dev/null goes there by `stderr=subprocess.DEVNULL` as well. The list can be written out, or made by `shlex.split()`
from the line; then each inserted value goes through `shlex.quote()`, which makes it one
inert word. A value that is meant to hold several arguments must become a list.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A shell command line → an argument list, written out or split from a line whose values are quoted."""
    refuse_expectation(target)
    with harmless_in_tests(target, "what its shell runs is what the test itself makes up"):
        yield from _without_shell(target)


def _without_shell(target: Target) -> Iterator[Candidate]:
    file, call = shell_call(target)
    if file.calls(call, *SYSTEM):
        refuse_replaced(target, file.path, call.lineno, (file.qualified(call.func) or "").rpartition(".")[2])
    else:
        refuse_expected(target, file.path, call.lineno, b"shell=True")
    if file.calls(call, "os.popen", "subprocess.getoutput") and (old := may_lack(target.tree, file.path, (3, 7))):
        message = f"{file.path}:{call.lineno} runs on Python {old}, as the repository says: subprocess.run is newer"
        raise NoFix(message)
    command = _command(file, call)
    lines, streams = _redirected(file, call, command_lines(file, command))
    refuse_clear(file, call, [line for _, line in lines])
    refuse_scripts(target.tree, file, call.lineno, [line for _, line in lines])
    words = [words_of(line, lambda pieces: f_string(pieces, quote_of(file))) for _, line in lines]
    if not all(words):
        refuse_fixed(InRepository(file, target.tree), call, [line for _, line in lines])
        message = (
            f"{file.path}:{call.lineno} needs its shell (pipes, redirections, variables, wildcards) or takes its "
            "program from a value: write it without them, or call each program by itself"
        )
        raise NoFix(message)
    refuse_several([line for _, line in lines], f"{file.path}:{call.lineno}")
    module = imported(target, file, "subprocess") if file.calls(call, *SYSTEM) else Import("subprocess")
    outer = call if file.calls(call, *SYSTEM) else command
    lists = [
        (node, _list(file, outer if node is command else node, each))
        for (node, _), each in zip(lines, words, strict=True)
        if each
    ]
    yield _candidate(
        file,
        call,
        "argument-list",
        _edits(file, call, command, module.name, lists, "{}", streams),
        "The program is started directly with exactly these arguments; no shell reads them.",
        module,
        lines,
    )
    if _is_plain(lines, words):
        return
    split = imported(target, file, "shlex")
    texts = [(node, quoted_line(line, split.name, quote_of(file))) for node, line in lines]
    if all(text is not None and _fits(file, call, text) for _, text in texts):
        whole = [
            (node, text)
            for node, text in texts
            if text is not None and (streams or line_values(lines, node) or node is command)
        ]
        yield _candidate(
            file,
            call,
            "shlex-split",
            _edits(file, call, command, module.name, whole, f"{split.name}.split({{}})", streams),
            "The line stays readable as a line, is split by the shell's rules in this process, and every value "
            "in it is quoted, so it stays one argument; no shell runs.",
            together(module, split),
            lines,
        )


def _list(file: Module, node: ast.expr, words: Sequence[str]) -> str:
    """The arguments as a list, one a line where a single line would be too long to read."""
    flat = f"[{', '.join(words)}]"
    if node.col_offset + len(flat) <= _WIDEST:
        return flat
    indent = file.indent(node.lineno)
    return "[\n" + "".join(f"{indent}{file.indent_unit}{word},\n" for word in words) + f"{indent}]"


def _fits(file: Module, call: ast.Call, text: str) -> bool:
    """Whether a line with the text is no longer than the file's longest one."""
    longest = max(_WIDEST, *(len(line) for line in file.content.split(b"\n")))
    return len(f"{file.indent(call.lineno)}subprocess.call(shlex.split({text}))") <= longest


def _is_plain(lines: Sequence[tuple[ast.expr, Template]], words: Sequence[Sequence[str] | None]) -> bool:
    """Whether the lines are a few fixed words each, which nobody would have split by a program."""
    return not any(line.values for _, line in lines) and all(len(each or ()) <= _FEW for each in words)


def line_values(lines: Sequence[tuple[ast.expr, Template]], node: ast.expr) -> bool:
    """Whether that line has values in it."""
    return any(line.values for each, line in lines if each is node)


def _candidate(
    file: Module,
    call: ast.Call,
    approach: str,
    edits: Sequence[Edit],
    words: str,
    needed: Import,
    lines: Sequence[tuple[ast.expr, Template]],
) -> Candidate:
    kept = file.text(call.func).partition(".")[0] == needed.name
    imports = instead(file, call.func, needed) if file.calls(call, *SYSTEM) and not kept else needed
    caught, handlers = caught_too(file, call)
    built = sorted({file.statement(node).lineno for node, _ in lines} - {file.statement(call).lineno})
    return candidate(
        approach,
        [*edits, *caught, *imports.edits],
        words,
        declares=(*imports.declares, *handlers, *(f"statement:{line}" for line in built)),
        warnings=_warnings([line for _, line in lines]),
    )


def _command(file: Module, call: ast.Call) -> ast.expr:
    name = {"os.system": "command", "os.popen": "cmd", "subprocess.getoutput": "cmd"}.get(
        file.qualified(call.func) or "", "args"
    )
    command = argument(call, 0, name)
    if command is None:
        message = f"{file.path}:{call.lineno} passes no command line that can be seen here"
        raise NoFix(message)
    return command


def _warnings(lines: Sequence[Template]) -> tuple[str, ...]:
    missing = "A program that is not found now raises FileNotFoundError instead of returning a status."
    if not any(line.values for line in lines):
        return (missing,)
    return (missing, "A value that was meant to hold several arguments is now one argument.")


def _edits(
    file: Module,
    call: ast.Call,
    command: ast.expr,
    module: str,
    written: Sequence[tuple[ast.expr, str]],
    wrapped: str,
    streams: Mapping[str, str],
) -> list[Edit]:
    """The call without its shell, and the lines where they are made; `wrapped` holds what the call is given."""
    here = dict(written).get(command)
    edits = [file.replace(node, text) for node, text in written if node is not command]
    given = wrapped.format(here if here is not None else file.text(command))
    if file.calls(call, *SYSTEM):
        return [*edits, without_system(file, call, module, given + _given_away(streams, module))]
    shell = keyword(call, "shell")
    if shell is None or keyword(call, "executable"):
        message = f"{file.path}:{call.lineno} names the shell itself: `executable` has to go with it"
        raise NoFix(message)
    return [
        *edits,
        *([file.replace(command, given)] if given != file.text(command) else []),
        file.replace(shell, _given_away(streams, _holder(file, call))[2:])
        if streams
        else remove_argument(file, call, shell),
    ]


def _redirected(
    file: Module, call: ast.Call, lines: list[tuple[ast.expr, Template]]
) -> tuple[list[tuple[ast.expr, Template]], Mapping[str, str]]:
    """The lines without what their ends do with the output, where subprocess can be told the same."""
    stripped = [(node, *without_redirects(line)) for node, line in lines]
    streams = stripped[0][2]
    reads = file.qualified(call.func) in ("os.popen", "subprocess.check_output", "subprocess.getoutput")
    named = file.calls(call, *SYSTEM) or bool(_holder(file, call))
    same = named and all(each == streams for _, _, each in stripped) and takes(call, streams)
    if not streams or not same or (reads and "stdout" in streams):
        return lines, {}
    return [(node, line) for node, line, _ in stripped], streams


def _holder(file: Module, call: ast.Call) -> str:
    """The module by whose name the call is made; empty where its function was imported by itself."""
    return file.text(call.func.value) if isinstance(call.func, ast.Attribute) else ""


def _given_away(streams: Mapping[str, str], module: str) -> str:
    return "".join(f", {name}={module}.{where}" for name, where in streams.items())
