"""Commands handed to a shell."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import candidate
from workers.fixers.command_line import words_of
from workers.fixers.pieces import Template, Value
from workers.fixers.python.calls import argument, keyword, remove_argument
from workers.fixers.python.imports import imported
from workers.fixers.python.module import Module, flagged
from workers.fixers.python.strings import f_string, template
from workers.fixers.registry import NoFix, Target, fixer

_CALLS = tuple(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen"))
_SYSTEM = ("os.system", "os.popen")


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
        ],
    },
    explain="""A shell reads `;`, `|`, `$(…)` and quotes in its command line. Where a part of that line comes from
outside, its writer can end the command and start another one (CWE-78).

A list of arguments, without a shell, has no such syntax: each element arrives as one argument, whatever it contains.
That is possible where the line uses nothing of the shell: no pipe, redirection, variable or wildcard. The list can be
written out, or made by `shlex.split()` from the line; then each inserted value goes through `shlex.quote()`, which
makes it one inert word. A value that is meant to hold several arguments must become a list.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """A shell command line → an argument list, written out or split from a line whose values are quoted."""
    file, call = flagged(target, ast.Call, _is_shell)
    line, command = _command(file, call)
    words = words_of(line, lambda pieces: f_string(pieces, _quote(file)))
    if words is None:
        message = (
            f"{file.path}:{call.lineno} needs its shell (pipes, redirections, variables, wildcards) or takes its "
            "program "
            "from a value: write it without them, or call each program by itself"
        )
        raise NoFix(message)
    module = imported(target, file, "subprocess")
    yield candidate(
        "argument-list",
        [*_rewritten(file, call, command, module.name, f"[{', '.join(words)}]"), *module.edits],
        "The program is started directly with exactly these arguments; no shell reads them.",
        declares=module.declares,
        warnings=_warnings(line),
    )
    split = imported(target, file, "shlex")
    text = _quoted_line(line, split.name, _quote(file))
    if text is not None:
        yield candidate(
            "shlex-split",
            [*_rewritten(file, call, command, module.name, f"{split.name}.split({text})"), *module.edits, *split.edits],
            "The line stays readable as a line, is split by the shell's rules in this process, and every value "
            "in it is "
            "quoted, so it stays one argument; no shell runs.",
            declares=(*module.declares, *split.declares),
            warnings=_warnings(line),
        )


def _is_shell(file: Module, call: ast.Call) -> bool:
    if file.calls(call, *_SYSTEM):
        return True
    shell = keyword(call, "shell")
    return file.calls(call, *_CALLS) and shell is not None and _is_true(shell.value)


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and bool(node.value)


def _command(file: Module, call: ast.Call) -> tuple[Template, ast.expr]:
    name = {"os.system": "command", "os.popen": "cmd"}.get(file.qualified(call.func) or "", "args")
    command = argument(call, 0, name)
    line = template(file, command) if command is not None else None
    if line is None or command is None:
        message = (
            f"{file.path}:{call.lineno} runs a command line that is put together elsewhere: "
            "build it as a list of arguments there"
        )
        raise NoFix(message)
    return line, command


def _quote(file: Module) -> str:
    return "'" if file.content.count(b"'") > file.content.count(b'"') else '"'


def _warnings(line: Template) -> tuple[str, ...]:
    missing = "A program that is not found now raises FileNotFoundError instead of returning a status."
    if not line.values:
        return (missing,)
    return (missing, "A value that was meant to hold several arguments is now one argument.")


def _rewritten(file: Module, call: ast.Call, command: ast.expr, module: str, words: str) -> list[Edit]:
    name = file.qualified(call.func)
    if name in _SYSTEM:
        return [_system(file, call, name, module, words)]
    shell = keyword(call, "shell")
    if shell is None or keyword(call, "executable"):
        message = f"{file.path}:{call.lineno} names the shell itself: `executable` has to go with it"
        raise NoFix(message)
    return [file.replace(command, words), remove_argument(file, call, shell)]


def _system(file: Module, call: ast.Call, name: str, module: str, words: str) -> Edit:
    parent = file.parents[call]
    if name == "os.system":
        if not isinstance(parent, ast.Expr) and not _only_zero_matters(parent, call):
            message = f"{file.path}:{call.lineno} uses the wait status of os.system, which subprocess does not give"
            raise NoFix(message)
        return file.replace(call, f"{module}.call({words})")
    reader = file.parents.get(parent)
    if isinstance(parent, ast.Attribute) and parent.attr == "read" and isinstance(reader, ast.Call) and not reader.args:
        run = f"{module}.run({words}, stdout={module}.PIPE, text=True, check=False).stdout"
        return file.replace(reader, run)
    message = f"{file.path}:{call.lineno} uses the pipe of os.popen as a file: read it with subprocess.Popen"
    raise NoFix(message)


def _only_zero_matters(parent: ast.AST, call: ast.Call) -> bool:
    match parent:
        case ast.Compare(ops=[ast.Eq() | ast.NotEq()], comparators=[ast.Constant(value=0)]):
            return True
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.If(test=test) | ast.While(test=test):
            return test is call
    return False


def _quoted_line(line: Template, shlex_name: str, quote: str) -> str | None:
    """The line as one expression with every value quoted; `None` where a value stands in quotes of the line's own."""
    if any(_in_quotes(line, index) for index, part in enumerate(line.parts) if isinstance(part, Value)):
        return None
    parts = [part if isinstance(part, str) else _shell_quoted(part, shlex_name) for part in line.parts]
    return f_string(parts, quote)


def _shell_quoted(value: Value, shlex_name: str) -> Value:
    if value.quoted:
        return value
    return Value(f"{shlex_name}.quote({value.source if value.text else f'str({value.source})'})")


def _in_quotes(line: Template, index: int) -> bool:
    before = "".join(part for part in line.parts[:index] if isinstance(part, str))
    return before.count('"') % 2 == 1 or before.count("'") % 2 == 1
