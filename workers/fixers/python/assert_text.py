"""An assert as an `if` with a `raise`, in the layout of the file."""

from __future__ import annotations

import ast
import re

from workers.fixers.python.shell.line import quote_of
from workers.fixers.python.source.module import Module

_OPPOSITE: dict[type[ast.cmpop], str] = {
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Eq: "!=",
    ast.NotEq: "==",
}
_LESS: dict[type[ast.cmpop], str] = {ast.Lt: ">=", ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<"}
_CLOSED = (ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp, ast.Call, ast.Subscript)
"""What begins and ends with brackets, or ends with them on the line where it began."""
_WIDTH = 88
"""Where most formatters break a line; a file with longer ones breaks at its longest."""


def guard(file: Module, statement: ast.Assert, error: str) -> str:
    """The statement as an `if` with a `raise`: of what was said, else of what was expected."""
    indent = file.indent(statement.lineno)
    never = isinstance(statement.test, ast.Constant) and not statement.test.value
    deeper = "" if never else file.indent_unit
    message = _message(file, statement.msg, indent, deeper) if statement.msg is not None else _expected(file, statement)
    raised = f"raise {error}" + (f"({message})" if message else "")
    return raised if never else f"if {_negated(file, statement.test)}:\n{indent}{deeper}{raised}"


def _expected(file: Module, statement: ast.Assert) -> str:
    """The condition as a message: a traceback showed it with the assert, and shows the `raise` alone."""
    text, quote = file.text(statement.test), quote_of(file)
    quote = "'\""[quote == "'"] if quote in text else quote
    long = (
        len(file.indent(statement.lineno) + file.indent_unit + text) + len("raise AssertionError(expected )") > _WIDTH
    )
    if isinstance(statement.test, ast.Constant) or long or quote in text or re.search(r"[\n\\]", text):
        return ""
    return f"{quote}expected {text}{quote}"


def _message(file: Module, message: ast.expr, indent: str, deeper: str) -> str:
    """The message as it stands; one of several lines as a block of its own, set in below the `raise`.

    `deeper`: what the `raise` is set in by, below the statement's own indentation.
    """
    first, *others = file.text(message).split("\n")
    outer, inner = indent + deeper, indent + deeper + file.indent_unit
    longest = max(len(line) for line in file.content.split(b"\n"))
    if not others and len(outer + first) + len("raise AssertionError()") > max(longest, _WIDTH):
        return f"\n{inner}{first}\n{outer}"
    if not others or re.search("\"{3}|'{3}", file.text(message)):
        return "\n".join([first, *others])
    if not file.line(message.lineno).decode()[: message.col_offset].isspace():
        return "\n".join([first, *(deeper + line for line in others)])
    own = " " * message.col_offset
    moved = [inner + line.removeprefix(own) if line.startswith(own) else line for line in others]
    return "\n".join(["", inner + first, *moved, outer])


def _negated(file: Module, test: ast.expr) -> str:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _whole(file, operand)
        case ast.Compare(ops=[operator], comparators=[right]) if type(operator) in _OPPOSITE and _is_flat(file, test):
            return f"{_operand(file, test.left)} {_OPPOSITE[type(operator)]} {_operand(file, right)}"
        case ast.Compare(ops=[operator], comparators=[right]) if type(operator) in _LESS and _is_flat(file, test):
            if _counts(file, test.left) or _counts(file, right):
                return f"{_operand(file, test.left)} {_LESS[type(operator)]} {_operand(file, right)}"
    if isinstance(test, ast.BoolOp | ast.IfExp | ast.Lambda | ast.NamedExpr | ast.Tuple) or "\n" in file.text(test):
        return f"not ({_inside(file, test)})"
    return f"not {file.text(test)}"


def _counts(file: Module, node: ast.expr) -> bool:
    """Whether it is surely a whole number, so that one side is less where it is not more or the same."""
    return file.calls(node, "len", "int", "ord", "id", "hash")


def _is_flat(file: Module, test: ast.Compare) -> bool:
    """Whether the comparison needs no brackets of its own: its lines end inside of those that a side of it has."""
    sides = (test.left, test.comparators[0])
    between = file.slice(file.span(sides[0])[1], file.span(sides[1])[0])
    return "\n" not in between and not any("\n" in file.text(each) and not isinstance(each, _CLOSED) for each in sides)


def _operand(file: Module, node: ast.expr) -> str:
    loose = isinstance(node, ast.BoolOp | ast.IfExp | ast.Lambda | ast.NamedExpr | ast.Compare)
    negated = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    return f"({file.text(node)})" if loose or negated else file.text(node)


def _whole(file: Module, node: ast.expr) -> str:
    return f"({_inside(file, node)})" if "\n" in file.text(node) else file.text(node)


def _inside(file: Module, node: ast.expr) -> str:
    text = file.text(node)
    return text[1:-1] if isinstance(node, ast.Tuple) and text.startswith("(") else text
