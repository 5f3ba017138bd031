"""Temporary file names that another process can take first."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.code import candidate
from workers.fixers.python.module import Module, flagged
from workers.fixers.registry import NoFix, Target, fixer


@fixer(
    name="python-temporary-name",
    weakness="temporary file name that can be raced",
    cwes=(377,),
    rules={"bandit": ["B306"], "semgrep": ["tempfile-insecure", "mktemp", "*.mktemp.*"]},
    explain="""`tempfile.mktemp()` returns a name and creates nothing. Between that moment and the `open`, another
user of the machine can put a link there and so choose which file is written (CWE-377, CWE-379).

`NamedTemporaryFile(delete=False).name` and `mkstemp()[1]` create the file, readable by its owner only, and then give
its name, so the path is already ours. With `mkstemp` the returned descriptor should be closed as well. Code that
needs the name to be free (a directory or a socket is made there) wants a name inside `tempfile.mkdtemp()` instead.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`mktemp(…)` → a file that exists, and the name of it."""
    file, call = flagged(target, ast.Call, lambda each, node: each.calls(node, "tempfile.mktemp"))
    if not isinstance(call.func, ast.Attribute):
        message = (
            f"{file.path}:{call.lineno} calls mktemp by a name of its own: import tempfile and use NamedTemporaryFile"
        )
        raise NoFix(message)
    module = file.text(call.func.value)
    if len(call.args) > 3 or any(each.arg is None for each in call.keywords):
        message = f"{file.path}:{call.lineno} passes unpacked arguments to mktemp"
        raise NoFix(message)
    yield candidate(
        "named-temporary-file",
        [_call(file, call, f"{module}.NamedTemporaryFile", "delete=False", ".name")],
        "The file is created at once, for its owner only; its name is what the code goes on to use.",
        warnings=("The file now exists before the code opens it, and stays until the code removes it.",),
    )
    yield candidate(
        "mkstemp",
        [_call(file, call, f"{module}.mkstemp", "[1]")],
        "`mkstemp` creates the file, for its owner only, and gives its descriptor and its name; the name is used.",
        warnings=("The descriptor stays open: keep it and close it. The file stays until the code removes it.",),
    )


def _arguments(file: Module, call: ast.Call) -> dict[str, str]:
    """`mktemp(suffix, prefix, dir)` by name."""
    named = dict(zip(("suffix", "prefix", "dir"), (file.text(each) for each in call.args), strict=False))
    return named | {str(each.arg): file.text(each.value) for each in call.keywords}


def _call(file: Module, call: ast.Call, function: str, *more: str) -> Edit:
    *added, after = more
    named = [f"{name}={value}" for name, value in _arguments(file, call).items()]
    return file.replace(call, f"{function}({', '.join([*named, *added])}){after}")
