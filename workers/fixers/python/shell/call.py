"""Calls that start a shell, or ask another function for one."""

from __future__ import annotations

import ast

from workers.fixers.python.source.calls import keyword
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.registry import Harmless, NoFix, NotHere, Target

SYSTEM = ("os.system", "os.popen", "subprocess.getoutput")
_CALLS = tuple(f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen"))


def shell_call(target: Target) -> tuple[Module, ast.Call]:
    """The file and its call that starts a shell.

    Raises:
        NoFix: whether one starts is for the callers of this code to say, or for the function that it calls.
    """
    try:
        return flagged(target, ast.Call, _is_shell)
    except NotHere:
        file, call = flagged(target, ast.Call, _may_be_shell)
    if file.calls(call, *_CALLS) and keyword(call, "shell") is None:
        message = (
            f"{file.path}:{call.lineno} starts its program without a shell: who names the program, and what may come "
            "into its options, is for a person to say; a fixed program, and `--` before values, limit both"
        )
        raise NoFix(message)
    if file.calls(call, *_CALLS):
        why = "starts a shell where its callers ask for one: give those lists of arguments, then drop the parameter"
    else:
        why = (
            f"asks `{file.text(call.func)}` for a shell, and what that does with the line is not in sight: give it a "
            "list of arguments and no shell, where it takes one"
        )
    message = f"{file.path}:{call.lineno} {why}"
    raise NoFix(message)


def refuse_expectation(target: Target) -> None:
    """Say so where the call only tells a mock what to expect.

    Raises:
        Harmless: it does.
    """
    try:
        file, call = flagged(
            target, ast.Call, lambda each, node: (each.qualified(node.func) or "").endswith("mock.call")
        )
    except NoFix:
        return
    message = f"{file.path}:{call.lineno} says which call a test expects: it starts nothing"
    raise Harmless(message)


def _is_shell(file: Module, call: ast.Call) -> bool:
    if file.calls(call, *SYSTEM):
        return True
    shell = keyword(call, "shell")
    return file.calls(call, *_CALLS) and shell is not None and _is_true(shell.value)


def _may_be_shell(file: Module, call: ast.Call) -> bool:
    return keyword(call, "shell") is not None or file.calls(call, *_CALLS)


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and bool(node.value)
