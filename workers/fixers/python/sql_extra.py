"""Values pasted into the conditions of Django's `extra()`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.code import candidate
from workers.fixers.python.source.calls import keyword, set_keyword
from workers.fixers.python.source.module import Module, flagged
from workers.fixers.python.source.strings import f_string, literal, template
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.sql import bind

_BEFORE = "SELECT * FROM t WHERE "
"""What Django writes before a condition, so that the pieces are read as the database will."""


@fixer(
    name="django-extra-where",
    weakness="SQL injection",
    cwes=(89,),
    rules={"semgrep": ["sql-injection-using-extra-where"]},
    explain="""`extra(where=[…])` puts its conditions into the query as they are, so a value pasted into one is read as
SQL: a quote in it ends the string, and what follows is a command (CWE-89).

`params` holds the values apart from the text, one for each `%s` in `where`, without quotes around the marks. Django
keeps `extra()` for old code: `filter(name=value)` says most conditions without any SQL.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`extra(where=["a = '%s'" % b])` → with `params`."""
    file, call = flagged(target, ast.Call, _has_conditions)
    conditions = keyword(call, "where")
    if conditions is None or not isinstance(conditions.value, ast.List):
        message = f"{file.path}:{call.lineno} makes its conditions elsewhere: bind their values there, by `params`"
        raise NoFix(message)
    if keyword(call, "params") is not None:
        message = f"{file.path}:{call.lineno} has parameters already: add the pasted values to them, in their order"
        raise NoFix(message)
    texts: list[str] = []
    values: list[str] = []
    for each in conditions.value.elts:
        text, bound = _bound(file, each)
        texts.append(text)
        values += bound
    if not values:
        message = f"{file.path}:{call.lineno} pastes nothing here: what is pasted elsewhere has to be bound there"
        raise NoFix(message)
    yield candidate(
        "params",
        [
            *(
                file.replace(each, text)
                for each, text in zip(conditions.value.elts, texts, strict=True)
                if text != file.text(each)
            ),
            set_keyword(file, call, "params", f"[{', '.join(values)}]"),
        ],
        "Django hands the values to the driver apart from the conditions.",
    )


def _bound(file: Module, condition: ast.expr) -> tuple[str, tuple[str, ...]]:
    """The condition with marks, and the values that they stand for."""
    line = template(file, condition)
    where = f"{file.path}:{condition.lineno}"
    if line is None:
        message = f"{where} makes this condition elsewhere: bind its values there, by `params`"
        raise NoFix(message)
    if not line.values:
        if "%" in line.literal:
            message = f"{where} has a percent sign, which has to be doubled once there are parameters"
            raise NoFix(message)
        return file.text(condition), ()
    bound = bind([_BEFORE, *line.parts], "%s", where, f_string)
    return literal(bound.text.removeprefix(_BEFORE)), bound.values


def _has_conditions(_file: Module, call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "extra" and keyword(call, "where") is not None
