"""Validators that go on looking for errors after the first one."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.javascript.options import Option, propose_options
from workers.fixers.registry import Target, fixer

_OPTIONS = (
    Option(
        name="allErrors",
        bad=("true",),
        good="false",
        why="The first error ends the validation, however long the data goes on.",
        warning="Whoever shows the errors sees the first one alone.",
    ),
)


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
    """`allErrors: true` → false, or none."""
    return propose_options(target, _OPTIONS)
