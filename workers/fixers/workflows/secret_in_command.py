"""Secrets that a script's text holds."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.model import EXPRESSION
from workers.fixers.workflows.script import as_variables, expressions, pasted, shell_rewrite
from workers.fixers.workflows.script.pasted import Script


@fixer(
    name="secret-in-command",
    weakness="A secret is pasted into a command",
    rules={"checkov": ["CKV_GHA_3"]},
    explain=(
        "An expression is replaced in the script's text, so the secret stands in the script that the runner writes to "
        "disk, where a quote or a dollar in it becomes code. As a variable of the step it stays data. Where the "
        "command can read it from a file or from standard input, that also hides it from the list of processes. "
        'Approaches: a variable of the step, read as `"$NAME"`.'
    ),
)
def secret_in_command(target: Target) -> Iterator[Candidate]:
    """`${{ secrets.NAME }}` in a script → a variable of the step."""
    workflow = model.read(target)
    first, last = model.lines(target)
    steps = [step for step in workflow.steps if first <= workflow.doc.line_of(step.node.end) and "curl" in step.run]
    for step in [one for one in steps if workflow.doc.line_of(one.node.start) <= max(last, first)]:
        script = pasted.of_step(workflow, step)
        if script is None or script.language != "shell" or not _holds_secret(script):
            continue
        edits = script.edits(shell_rewrite.rewrite(script.text, _is_secret, script.name))
        edits += as_variables.environment(script, step.node, before="run")
        yield as_variables.made(
            "env-variable", [script], edits, as_variables.explained(script, "the step", loose=False)
        )
        return
    message = "no secret is pasted into a command here: the line only names one"
    raise NoFix(message)


def _holds_secret(script: Script) -> bool:
    return any(_is_secret(match[0]) for match in EXPRESSION.finditer(script.text))


def _is_secret(expression: str) -> bool:
    return "secrets" in expressions.contexts(expression)
