"""Text evaluated as code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.pieces import Template
from workers.fixers.python.source.imports import imported
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.strings import template
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tests import is_test

_COMPUTES = re.compile(r"\w*(?:expr|formula|equation|calc|\bmath|lambda|func(?!\w*\()|code|source\b)\w*", re.IGNORECASE)
_OF_TEXT = ("upper", "lower", "strip", "split", "startswith", "endswith", "encode", "format", "replace", "title")
_AROUND = ("[]", "{}", "()", "''", '""')


@fixer(
    name="python-eval",
    weakness="evaluation of text as code",
    cwes=(94, 95),
    rules={"bandit": ["B307"], "semgrep": ["eval-detected", "user-eval*", "eval-injection", "tainted-code-exec"]},
    explain="""`eval` runs any expression: `__import__("os").system("…")` is one (CWE-95). Emptying its globals does
not help; attributes of plain values lead back to everything.

`ast.literal_eval` reads only literals (numbers, strings, tuples, lists, dicts, sets, booleans, None) and raises
ValueError on the rest. For data that other programs write, `json.loads` does the same for JSON. An expression that is
meant to compute something needs a parser of its own, or a table of the functions it may call.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`eval(text)` → a reader of literals."""
    file, call = flagged(target, ast.Call, lambda each, node: each.qualified(node.func) == "eval")
    if is_test(file.path):
        message = f"{file.path}:{call.lineno} is test code, which evaluates what it wrote itself; exclude tests"
        raise Harmless(message)
    if len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
        message = (
            f"{file.path}:{call.lineno} evaluates with names of its own, so it means to compute: that needs a parser"
        )
        raise NoFix(message)
    line = template(file, call.args[0])
    if line is not None and re.search(r"[\w()]", line.literal):
        message = f"{file.path}:{call.lineno} builds an expression that computes: call the function it names directly"
        raise NoFix(message)
    if _is_worked_on(file, call):
        message = f"{file.path}:{call.lineno} evaluates a text that it puts together first: compute what it computes"
        raise NoFix(message)
    if _is_put_together(call.args[0]) and not _is_container(line):
        message = (
            f"{file.path}:{call.lineno} puts an expression together, and no bracket around it says that it is a "
            "literal: compute what it computes here"
        )
        raise NoFix(message)
    if used := _as_text(file, call):
        message = (
            f"{file.path}:{call.lineno} takes the result for a text (`{used}`), which is no literal without quotes: "
            "if a text is meant, take it as it comes"
        )
        raise NoFix(message)
    computes = _COMPUTES.search(file.text(call.args[0]))
    if computes:
        message = f"{file.path}:{call.lineno} evaluates `{computes[0]}`, so it means to compute: that needs a parser"
        raise NoFix(message)
    library = imported(target, file, "ast")
    yield candidate(
        "literal-eval",
        [file.replace(call.func, f"{library.name}.literal_eval"), *library.edits],
        "Only Python literals are read; nothing is called.",
        declares=library.declares,
        warnings=("Text that is not a literal, and worked as code before, now raises ValueError.",),
    )


def _as_text(file: Module, call: ast.Call) -> str | None:
    """What the function asks of the result that only a text has."""
    statement = file.parents.get(call)
    names = (
        {each.id for each in statement.targets if isinstance(each, ast.Name)}
        if isinstance(statement, ast.Assign)
        else set()
    )
    asked = (node for node in ast.walk(file.function(call) or file.tree) if isinstance(node, ast.Attribute))
    return next(
        (
            ast.unparse(node)
            for node in asked
            if node.attr in _OF_TEXT
            and (node.value is call or (isinstance(node.value, ast.Name) and node.value.id in names))
        ),
        None,
    )


def _is_worked_on(file: Module, call: ast.Call) -> bool:
    """Whether the function replaces parts of the variable's text, or adds some, before it evaluates it."""
    function = file.function(call)
    if function is None or not isinstance(call.args[0], ast.Name):
        return False
    name = call.args[0].id
    for node in ast.walk(function):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            return True
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
            match node.value:
                case ast.Call(func=ast.Attribute(attr="sub" | "subn" | "replace" | "translate")):
                    return True
    return False


def _is_put_together(node: ast.expr) -> bool:
    """Whether the text has several pieces; a value alone may be a literal, pieces are more often a comparison."""
    match node:
        case ast.JoinedStr(values=values):
            return len(values) > 1
        case ast.BinOp() | ast.Call(func=ast.Attribute(attr="format" | "join")):
            return True
    return False


def _is_container(line: Template | None) -> bool:
    """Whether the pieces stand between brackets or quotes that the code writes itself."""
    if line is None or len(line.parts) < 2:
        return False
    first, last = line.parts[0], line.parts[-1]
    if not isinstance(first, str) or not isinstance(last, str):
        return False
    return f"{first.lstrip()[:1]}{last.rstrip()[-1:]}" in _AROUND
