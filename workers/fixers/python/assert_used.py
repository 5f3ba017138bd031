"""Checks that vanish when Python optimises."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.assert_text import guard
from workers.fixers.python.source.callers import is_caught
from workers.fixers.python.source.expected_calls import expects_assertion
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.runner import of_a_runner
from workers.fixers.python.source.type_checked import checker_of, narrows
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.source.tests import is_test

_OF_TEXTS = frozenset(("startswith", "endswith", "isdigit", "isalpha", "isalnum", "isidentifier", "lower", "strip"))

_TESTS = re.compile(r"test_\w*|_*(?:run_?)?(?:self_?)?tests?")
_BY_HAND = re.compile(r"\A(?:el)?if __name__ == [\"']__main__[\"'](?:.|\n)*\b(?:unit|self)[- ]?tests?\b", re.IGNORECASE)


@fixer(
    name="python-assert-used",
    weakness="check that optimisation removes",
    rules={"bandit": ["B101"]},
    explain="""`python -O` and `PYTHONOPTIMIZE=1` compile every `assert` away. A permission or a bound that is checked
by one is then not checked at all (CWE-703).

An `if` with a `raise` always runs. `AssertionError` keeps what callers see today. Another error says better what went
wrong: `TypeError` where `isinstance` is asked, `ValueError` where an argument is checked, `RuntimeError` where the
program came into a state that it should not be in. In test code an assert is right: there it is the test.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`assert` → `if` and `raise`."""
    file, statement = flagged(target, ast.Assert, lambda _file, _node: True)
    if is_test(file.path) or of_a_runner(file) or _in_test(file, statement):
        message = (
            f"{file.path}:{statement.lineno} is test code, where assert is what the test runner reads; exclude tests "
            "from this rule"
        )
        raise Harmless(message)
    if _for_the_checker(file, statement):
        message = f"{file.path}:{statement.lineno} is for type checkers: no program runs what is below TYPE_CHECKING"
        raise Harmless(message)
    if statement.msg is None and narrows(statement.test) and (settings := checker_of(target.tree, file.path)):
        message = (
            f"{file.path}:{statement.lineno} tells which type a value has to the type checker that {settings} sets up: "
            "an assert without a message is how that is told, and keeps nobody out"
        )
        raise Harmless(message)
    if _is_import(file, statement.test):
        message = f"{file.path}:{statement.lineno} says to a linter that an imported name is used: it checks nothing"
        raise Harmless(message)
    if _always_holds(statement.test):
        message = (
            f"{file.path}:{statement.lineno} asks for what always holds: an `if` would never raise either; say what is "
            "meant, as `raise NotImplementedError` does"
        )
        raise NoFix(message)
    _refuse_shared_line(file, statement)
    yield candidate(
        "raise-assertion-error",
        [file.replace(statement, guard(file, statement, "AssertionError"))],
        "The same condition, the same error, also under `python -O`.",
    )
    if _caught(file) or expects_assertion(target, file.path):
        return
    error, about = _error(file, statement)
    if _is_taken(file, statement, error) or is_caught(target.tree, file, statement, "AssertionError", error):
        return
    yield candidate(
        f"raise-{error.removesuffix('Error').lower()}-error",
        [file.replace(statement, guard(file, statement, error))],
        f"The condition is about {about}, so it raises {error}, also under `python -O`.",
        warnings=(f"Code that catches AssertionError no longer catches this: it is a {error} now.",),
    )


def _for_the_checker(file: Module, statement: ast.Assert) -> bool:
    """Whether it stands below `if TYPE_CHECKING:`."""
    inner: ast.AST = statement
    for outer in file.ancestors(statement):
        if isinstance(outer, ast.If) and inner in outer.body and file.text(outer.test).endswith("TYPE_CHECKING"):
            return True
        inner = outer
    return False


def _error(file: Module, statement: ast.Assert) -> tuple[str, str]:
    """The error that says best what went wrong, and what the condition is about."""
    if "isinstance(" in file.text(statement.test):
        return "TypeError", "a value's type"
    return ("ValueError", "an argument") if _checks_parameters(file, statement) else ("RuntimeError", "a state")


def _always_holds(test: ast.expr) -> bool:
    """`assert ("the condition", "the message")`, or an error that is made and not raised."""
    match test:
        case ast.Tuple(elts=[_, *_]) | ast.List(elts=[_, *_]) | ast.Dict(keys=[_, *_]) | ast.JoinedStr():
            return True
        case ast.Constant(value=value):
            return bool(value)
        case ast.Call(func=ast.Name(id=name)):
            return name.endswith(("Error", "Exception")) or name == "NotImplemented"
    return False


def _is_import(file: Module, test: ast.expr) -> bool:
    """Whether it asks whether a name is there that an import alone binds, which it always is."""
    return isinstance(test, ast.Name) and test.id in file.aliases and test.id not in file.bound_at(test.lineno)


def _is_taken(file: Module, statement: ast.Assert, error: str) -> bool:
    """Whether a `try` around it, or a framework that runs its function, does something else with that error."""
    inner: ast.AST = statement
    for outer in file.ancestors(statement):
        if isinstance(outer, ast.Try) and inner in outer.body:
            taken = " ".join(file.text(each.type) for each in outer.handlers if each.type is not None)
            if re.search(rf"\b{error}\b", taken):
                return True
        inner = outer
    function = file.function(statement)
    decorated = [file.text(each) for each in function.decorator_list] if function is not None else []
    return error != "ValueError" and any("validator" in each for each in decorated)


def _caught(file: Module) -> bool:
    """Whether this file catches AssertionError, so that another error would go past it."""
    caught = (node.type for node in file.nodes if isinstance(node, ast.ExceptHandler) and node.type is not None)
    return any("AssertionError" in file.text(each) for each in caught)


def _in_test(file: Module, statement: ast.Assert) -> bool:
    """Whether it stands in a function that a test runner looks for, or by which a module tests itself."""
    function = file.function(statement)
    if function is None:
        return any(isinstance(each, ast.If) and _BY_HAND.search(file.text(each)) for each in file.ancestors(statement))
    return _TESTS.fullmatch(function.name) is not None


def _refuse_shared_line(file: Module, statement: ast.Assert) -> None:
    start, end = file.span(statement)
    first, last = file.line_of(start), file.line_of(end)
    before = file.slice(file.starts[first - 1], start)
    after = file.slice(end, file.line_end(last)).strip()
    inside = _without_parts(file, statement)
    if before.strip() or (after and not after.startswith("#")) or "#" in inside:
        message = (
            f"{file.path}:{statement.lineno} shares its lines with other code or comments that an `if` would disturb"
        )
        raise NoFix(message)


def _without_parts(file: Module, statement: ast.Assert) -> str:
    """The statement's text outside of its condition and message."""
    start, end = file.span(statement)
    first, last = file.span(statement.test)
    tail = file.slice(last, end)
    if statement.msg is not None:
        message_start, message_end = file.span(statement.msg)
        tail = file.slice(last, message_start) + file.slice(message_end, end)
    return file.slice(start, first) + tail


def _is_the_value(file: Module, node: ast.Name) -> bool:
    """Whether the value itself is asked about, as by a method of texts, and not what it holds."""
    parent = file.parents[node]
    return not isinstance(parent, ast.Attribute) or parent.attr in _OF_TEXTS


def _checks_parameters(file: Module, statement: ast.Assert) -> bool:
    function = file.function(statement)
    if function is None:
        return False
    arguments = function.args
    parameters = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)} - {
        "self",
        "cls",
    }
    names = {node.id for node in ast.walk(statement.test) if isinstance(node, ast.Name) and _is_the_value(file, node)}
    # `self.exists(connection)` is about the object, whatever it is asked with.
    of_object = any(
        isinstance(node, ast.Call) and file.text(node.func).startswith(("self.", "cls."))
        for node in ast.walk(statement.test)
    )
    return bool(names & parameters) and not of_object
