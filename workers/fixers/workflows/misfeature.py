"""Features of actions and runners that do more harm than good."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.model import Workflow
from workers.source import yamledit
from workers.source.yamldoc import Node, dotted

_SHELL = re.compile(r"[\w ./=<>~!,+:@\[\]-]+")


@fixer(
    name="misfeature",
    weakness="A feature that does its work where nobody looks for it",
    rules={"zizmor": ["misfeature"]},
    explain=(
        "`pip-install` of `actions/setup-python` installs into the interpreter of the runner, outside of any "
        "environment and lock file; scripts in `cmd` cannot be analysed. Approaches: a step of its own that installs, "
        "where a reader sees it and can give it an environment."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """`pip-install` → a step that installs."""
    workflow = model.read(target)
    if any(workflow.doc.line_of(node.start) == model.lines(target)[0] for node in _default_shells(workflow)):
        message = "scripts for `cmd` have to be written anew before the default can be another shell: a person's work"
        raise NoFix(message)
    step = model.flagged_step(target, workflow)
    wanted, given = step.input("pip-install"), step.node.child("with")
    if step.action != "actions/setup-python" or not wanted or given is None:
        message = "a script for `cmd` has to be written anew for another shell, which is for a person to do"
        raise NoFix(message)
    if not _SHELL.fullmatch(wanted):
        message = "what `pip-install` is given cannot be written as arguments of a command as it is"
        raise NoFix(message)
    steps = workflow.root.get(*step.path[:-1])
    if steps is None or steps.flow:
        message = "the steps are written in one line"
        raise NoFix(message)
    name = next(key.value for key, _ in given.entries if key.value.lower() == "pip-install")
    alone = len(given.entries) == 1
    gone = yamledit.delete_key(workflow.doc, step.node if alone else given, "with" if alone else name)
    run = {"run": f"python -m pip install {wanted}"}
    shell = {"shell": "bash"} if step.job is None else {}
    last = step.index + 1 == len(steps.items)
    added = (
        yamledit.append_item(workflow.doc, steps, run | shell)
        if last
        else yamledit.insert_item(workflow.doc, steps, step.index + 1, run | shell)
    )
    path = dotted((*step.path, "with"))
    declares = [f"{path}/delete", f"{path}.{name}/delete", dotted((*step.path[:-1], step.index + 1))]
    why = "The packages are installed by a step that a reader sees, with the same interpreter."
    yield model.candidate("own-step", _apart(gone, added), why, declares=declares)


def _default_shells(workflow: Workflow) -> list[Node]:
    places = [workflow.root, *(job.node for job in workflow.jobs)]
    return [node for place in places if (node := place.get("defaults", "run", "shell")) is not None]


def _apart(gone: Edit, added: Edit) -> list[Edit]:
    """Both edits, or one where the new step stands behind the very lines that go."""
    if not gone.start < added.start <= gone.end:
        return [gone, added]
    ending = "\r\n" if added.text.startswith("\r\n") else "\n"
    text = f"{gone.text}{added.text.removeprefix(ending)}{ending}"
    return [Edit(path=gone.path, start=gone.start, end=gone.end, text=text)]
