"""Tokens of a GitHub App that may do all that the App may."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import credentials, model
from workers.fixers.workflows.model import Step, Workflow
from workers.fixers.workflows.token import javascript_scopes, known_actions, scopes, script_scopes
from workers.fixers.workflows.token.script_scopes import Opaque
from workers.source import yamledit, yamltext
from workers.source.yamldoc import dotted

_ACTION = "actions/create-github-app-token"


@fixer(
    name="github-app",
    weakness="A token may do all that its GitHub App may, or lives longer than its job",
    rules={"zizmor": ["github-app"]},
    explain=(
        "`actions/create-github-app-token` asks for every permission of the App's installation unless the step names "
        "some, and withdraws the token when the job ends unless it is told not to. Which permissions the job uses is "
        "read from the steps that get the token. Approaches: the permissions that those steps use; the token withdrawn "
        "at the job's end."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """A token without limits → one with the permissions that its users need."""
    workflow = model.read(target)
    step = model.flagged_step(target, workflow)
    if step.action != _ACTION:
        message = f"the step does not use {_ACTION}"
        raise NoFix(message)
    given = step.node.child("with")
    names = given.keys() if given is not None else []
    if step.input("skip-token-revoke") == "true" and given is not None:
        path = dotted((*step.path, "with", "skip-token-revoke"))
        edit = yamledit.delete_key(workflow.doc, given, "skip-token-revoke")
        yield model.candidate("revoke", [edit], "The token ends with the job.", declares=[f"{path}/delete"])
    if any(name.startswith("permission-") for name in names):
        if step.input("skip-token-revoke") != "true":
            message = "which repositories of the owner the token is for is not in the file"
            raise NoFix(message)
        return
    wanted = _wanted(target, workflow, step)
    values: dict[str, yamltext.Value] = {f"permission-{scope}": level for scope, level in wanted.items()}
    edits = yamledit.put_all(workflow.doc, step.node, "with", values, after="uses")
    declares = [dotted((*step.path, "with", name)) for name in values]
    used = ", ".join(scopes.words(wanted))
    why = f"The steps that get the token use {used}; the App must have been granted these, or no token is made."
    yield model.candidate("permissions", edits, why, declares=declares)


def _wanted(target: Target, workflow: Workflow, step: Step) -> scopes.Scopes:
    """What the steps that get the token use.

    Raises:
        NoFix: one of them hides it, or the token leaves the job.
    """
    name = step.node.text("id")
    reference = re.compile(rf"steps\.{re.escape(name)}\.outputs\.token\b")
    steps = workflow.steps_of(step.job) if step.job else workflow.steps
    users = [one for one in steps if reference.search(workflow.doc.source(one.node))]
    text = workflow.doc.content.decode("utf-8", "replace")
    inside = sum(len(reference.findall(workflow.doc.source(one.node))) for one in users)
    if not name or not users or inside != len(reference.findall(text)):
        message = "who gets the token cannot be told from the steps of its job"
        raise NoFix(message)
    try:
        return scopes.union(word for one in users for word in _of(target, workflow, one))
    except Opaque as reason:
        message = f"what the token is used for cannot be told: {reason}"
        raise NoFix(message) from reason


def _of(target: Target, workflow: Workflow, step: Step) -> list[str]:
    if step.action == credentials.CHECKOUT:
        users = credentials.users(workflow, step, target.tree)
        pushes = any(not user.script or re.search(r"push", f"{user.what} {user.step.run}") for user in users)
        return ["contents:write"] if pushes else ["contents:read"]
    if step.action == "actions/github-script":
        found = list(javascript_scopes.of_javascript(step.input("script"), target.tree))
    elif step.run:
        found = list(script_scopes.of_shell(step.run))
    else:
        found = (known_actions.needs(step.action) or "").split()
    if not found:
        message = f"`{step.action or ' '.join(step.run.split())[:50]}` does not show it"
        raise Opaque(message)
    return [word for word in found if not word.startswith("id-token")]
