"""Scripts whose expressions became variables: the candidate for them, its `env`, and what it says of them."""

from __future__ import annotations

import re
from collections.abc import Callable

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix
from workers.fixers.workflows import model
from workers.fixers.workflows.script import expressions, shell_rewrite
from workers.fixers.workflows.script.pasted import Script
from workers.source import yamledit, yamltext
from workers.source.yamldoc import Node, dotted

_OF_ANY_LENGTH = re.compile(r"\boutputs\b|\btoJSON\(|\bevent\b", re.IGNORECASE)
_READ = {"shell": '`"$NAME"`', "powershell": "`$env:NAME`", "python": "`os.environ`", "javascript": "`process.env`"}


def bare(script: Script, wanted: Callable[[str], bool]) -> bool:
    """Whether a wanted expression stands bare, as a whole word that the shell may split."""
    return script.language == "shell" and shell_rewrite.splits(script.text, wanted)


def several(expression: str) -> bool:
    """Whether somebody chose its text, and it is probably none or several words."""
    return expressions.foreign(expression) and shell_rewrite.may_be_several(expression)


def environment(script: Script, node: Node, *, before: str) -> list[Edit]:
    """The variables in the `env` of a step or a job, which is made in front of the key `before`."""
    names = node.keys()
    index = names.index(before) if before in names else 0
    values: dict[str, yamltext.Value] = dict(script.names)
    try:
        return yamledit.put_all(script.workflow.doc, node, "env", values, after=names[index - 1] if index else None)
    except ValueError as error:
        message = f"the `env` here cannot be added to: {error}"
        raise NoFix(message) from error


def paths(scripts: list[Script]) -> list[str]:
    """Where the scripts stand."""
    keys = [(*one.step.path, *(() if one.key == "run" else ("with",)), one.key) for one in scripts]
    return [dotted(key) for key in keys]


def made(approach: str, scripts: list[Script], edits: list[Edit], why: str) -> Candidate:
    """The candidate that changes the scripts, and the `env` of their steps."""
    env = [dotted((*one.step.path, "env")) for one in scripts if one.names]
    return model.candidate(approach, edits, why, declares=[*paths(scripts), *env], warnings=_too_long(scripts))


def _too_long(scripts: list[Script]) -> list[str]:
    """What becomes of a document that a script writes from an expression."""
    documents = [
        one for script in scripts if script.language == "shell" for one in shell_rewrite.documents(script.text)
    ]
    if not any(_OF_ANY_LENGTH.search(one) for one in documents):
        return []
    return ["a variable holds at most 128 KiB on Linux: with a longer value the step would not start"]


def explained(script: Script, owner: str, *, loose: bool) -> str:
    """How the value reaches the script; `loose` where it is still split into words."""
    reads = _READ[script.language].replace('"', "") if loose else _READ[script.language]
    words = (
        " Where it stood bare it stays so, and is split into words as it was: it can add arguments, not commands."
        if loose
        else ""
    )
    what = became([script])
    return f"The value reaches the script as an environment variable of {owner}, read as {reads}: {what}.{words}"


def became(scripts: list[Script]) -> str:
    """What the values are to those who read them."""
    shell = [script.text for script in scripts if script.language == "shell"]
    programs = [name for text in shell for name in shell_rewrite.programs(text, expressions.foreign)]
    return f"no code of the shell any more; {programs[0]} reads it as its own" if programs else "data, never code"
