"""Validators that go on looking for errors after the first one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.javascript.manifest import dependencies
from workers.fixers.javascript.options import Option, propose_options
from workers.fixers.javascript.script import script
from workers.fixers.registry import NoFix, Target, fixer

_OPTIONS = (
    Option(
        name="allErrors",
        bad=("true",),
        good="false",
        why="The first error ends the validation, however long the data goes on.",
        warning="Whoever shows the errors sees the first one alone.",
    ),
)

_SHOWN = re.compile(r"\.errors\b|errorsText\(|\bexport\b|\bexports\b")
"""Whoever takes the errors, here or elsewhere."""


@fixer(
    name="javascript-validation-errors",
    weakness="validation without an end",
    cwes=(400,),
    rules={"semgrep": ["ajv-allerrors-true"]},
    in_tests=False,
    explain="""With `allErrors` Ajv collects every error of what it is given. Data that is wrong a million times makes a
million errors, each of which is kept: one request fills the memory (CWE-400).

Ajv stops at the first error unless told otherwise, and a refused request needs no more. Where people are to see all of
a form's errors, limit the size of what is validated (`maxItems`, `maxLength`) before.""",
)
def propose(target: Target) -> Iterator[Candidate]:
    """`allErrors: true` → false, or none, where nobody is shown the errors."""
    file = script(target)
    shown = _SHOWN.search(file.content.decode())
    if shown is not None or "ajv-errors" in dependencies(target.tree, file.path):
        message = (
            f"{file.path} shows its errors, or has ajv-errors, which needs all of them: limit the size of what is "
            "validated (maxItems, maxLength) instead"
        )
        raise NoFix(message)
    return propose_options(target, _OPTIONS)
