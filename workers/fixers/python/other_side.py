"""What becomes of a digest in its function: whether somebody else makes the same one."""

from __future__ import annotations

import ast
import re

from workers.fixers.python.source.module import Module

_FRESH = re.compile(r"random|secrets\.|uuid|token_(?:hex|bytes|urlsafe)|\btime\(|now\(")
"""Made anew each time: nobody else makes the same."""
_DRAWN = re.compile(r"\brandom\b|\bsecrets\.|\buuid4\b|\burandom\b|token_(?:hex|bytes|urlsafe)")
_NAMES_SOMETHING = re.compile(
    r"(?:^|[^A-Za-z])[a-z]?u?u?ids?$|(?:slug|anchor|url|(?:^|_)sign(?:ature)?)$", re.IGNORECASE
)
_FROM_OUTSIDE = re.compile(r"\brequest\b|\bheaders\b|\bcookies\b")


def is_fresh(use: str) -> bool:
    """Whether what is hashed is drawn for it, so that nobody makes the same digest again."""
    return _FRESH.search(use) is not None


def is_drawn(use: str) -> bool:
    """Whether chance alone makes what is hashed: then the digest is there to be hard to guess."""
    return _DRAWN.search(use) is not None


def use_of(file: Module, call: ast.Call) -> str:
    """The statement, those of its function that make what it hashes or use what it assigns, and the function's name."""
    function, statement = file.function(call), file.statement(call)
    if function is None:
        return file.text(statement)
    made = _names(*call.args)
    names = _assigned(statement)
    found = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and (node.id in names or (node.id in made and isinstance(node.ctx, ast.Store)))
    ]
    lines = sorted({line for node in found for line in _lines(file.statement(node))} | set(_lines(statement)))
    return function.name + "\n" + "\n".join(file.line(line).decode() for line in lines)


def is_met(file: Module, call: ast.Call) -> bool:
    """Whether the digest is compared with what the function is given, goes to others, signs or names something."""
    function, statement = file.function(call), file.statement(call)
    if isinstance(statement, ast.Assign) and not is_fresh(use_of(file, call)):
        shown = " ".join(file.text(each) for each in statement.targets)
        if isinstance(statement.targets[0], ast.Subscript) or _NAMES_SOMETHING.search(shown):
            return True
    if function is None:
        return False
    names = _assigned(statement)
    arguments = function.args
    given = {each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)} - {"self", "cls"}
    for node in ast.walk(function):
        sides: list[ast.expr] = []
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            sides = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and file.text(node.func).endswith("compare_digest"):
            sides = node.args
        inside = [_names(side) for side in sides]
        ours = [call in set(ast.walk(side)) or bool(used & names) for side, used in zip(sides, inside, strict=True)]
        theirs = [
            bool(used & given) or bool(_FROM_OUTSIDE.search(file.text(side)))
            for side, used in zip(sides, inside, strict=True)
        ]
        if any(a and b for a, b in zip(ours, reversed(theirs), strict=True)):
            return True
    return False


def is_looked_up(file: Module, call: ast.Call) -> bool:
    """Whether the digest is looked for in a collection, whose digests somebody else made by the same function."""
    statement, scope = file.statement(call), file.function(call) or file.tree
    names = _assigned(statement)
    looked = (
        node.left
        for node in ast.walk(scope)
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn)
    )
    return any(_names(left) & names or call in set(ast.walk(left)) for left in looked)


def _assigned(statement: ast.stmt) -> set[str]:
    """The variables that the statement gives a value to; none where it is no assignment."""
    return _names(*statement.targets) if isinstance(statement, ast.Assign) else set()


def _names(*nodes: ast.AST) -> set[str]:
    return {inner.id for node in nodes for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _lines(statement: ast.stmt) -> range:
    """A simple statement's lines; of one that holds others, the first."""
    whole = not hasattr(statement, "body")
    return range(statement.lineno, (statement.end_lineno if whole and statement.end_lineno else statement.lineno) + 1)
