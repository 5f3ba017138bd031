"""Checkouts that leave the token in the workspace for every later step."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import credentials, model, unseen
from workers.fixers.workflows.beside import workflows_beside
from workers.fixers.workflows.credentials import User
from workers.fixers.workflows.model import Step, Workflow
from workers.source import yamledit, yamltext
from workers.source.tree import SourceTree
from workers.source.yamldoc import dotted

_HELPER = '!f() { echo "username=x-access-token"; echo "password=${GIT_TOKEN}"; }; f'
"""Git asks it for credentials; it answers with the variable of the step that runs git."""


@fixer(
    name="artipacked",
    weakness="Checkout keeps the token where every later step can read it",
    rules={"zizmor": ["artipacked"], "semgrep": ["actions-checkout-persist-credentials"]},
    explain=(
        "`actions/checkout` writes the job's token into git's configuration, so that later steps can push. Every later "
        "step can read it there, a dependency's install script as well, and an artifact of the workspace carries it "
        "out. With `persist-credentials: false` it is gone as soon as the code is there. Approaches: this checkout; "
        "every checkout of the file, or of all workflows, that nobody needs the credentials of; where a later step "
        "pushes or fetches, the same with the token given to that step alone, through git's environment or through "
        "`gh auth setup-git`."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """A checkout that keeps credentials → one that does not, with the steps that need them served."""
    workflow = model.read(target)
    step = model.flagged_step(target, workflow)
    if not credentials.keeps(step):
        message = "this step is no checkout that keeps its credentials"
        raise NoFix(message)
    found = credentials.users(workflow, step, target.tree)
    if found:
        yield from _for_users(workflow, step, found)
        return
    if unseen.prepares(workflow, step, target.tree):
        message = (
            "the job sets git's author, and what pushes for it with the credentials that checkout keeps is not seen"
        )
        raise NoFix(message)
    why = "No later step of the job uses git's credentials"
    yield _without("persist-credentials-false", [(workflow, step)], why, target.tree)
    here = _unused(workflow, target.tree)
    if len(here) > 1:
        why = f"None of the {len(here)} checkouts of this file has a later step that uses git's credentials"
        yield _without("persist-credentials-file", here, why, target.tree)
        return
    others = (other for other in workflows_beside(target, "actions/checkout") if other.jobs)
    beside = [one for other in others for one in _unused(other, target.tree)]
    if beside:
        every = [(workflow, step), *beside]
        why = f"None of {len(every)} checkouts in the workflows here has a later step that uses git's credentials"
        yield _without("persist-credentials-repository", every, why, target.tree)


def _unused(workflow: Workflow, tree: SourceTree) -> list[tuple[Workflow, Step]]:
    """The checkouts that keep credentials of which no later step makes anything."""
    return [
        (workflow, step)
        for step in workflow.steps
        if credentials.keeps(step)
        and not credentials.users(workflow, step, tree)
        and not unseen.prepares(workflow, step, tree)
    ]


def _without(approach: str, checkouts: list[tuple[Workflow, Step]], why: str, tree: SourceTree) -> Candidate:
    edits = [_off(workflow, step) for workflow, step in checkouts]
    declares = [path for workflow, step in checkouts for path in _declared(workflow, step)]
    why = f"{why}, so the token need not stay in the workspace."
    warnings = [doubt for workflow, step in checkouts for doubt in credentials.doubts(workflow, step, tree)]
    return model.candidate(approach, edits, why, declares=declares, warnings=warnings)


def _declared(workflow: Workflow, step: Step) -> list[str]:
    return [dotted(path) for path in workflow.everywhere((*step.path, "with", "persist-credentials"))]


def _off(workflow: Workflow, step: Step) -> Edit:
    given = step.node.child("with")
    name = next((key for key in given.keys() if key.lower() == "persist-credentials"), None) if given else None  # noqa: SIM118
    try:
        if given is None or given.empty:
            return yamledit.set_key(workflow.doc, step.node, "with", {"persist-credentials": False}, after="uses")
        return yamledit.put(workflow.doc, step.node, ("with", name or "persist-credentials"), False)
    except ValueError as error:
        message = f"`with` of this step cannot be added to: {error}"
        raise NoFix(message) from error


def _for_users(workflow: Workflow, step: Step, found: list[User]) -> Iterator[Candidate]:
    """The steps that use git get the token themselves.

    Raises:
        NoFix: one of them runs what cannot be seen, or the checkout uses an SSH key.
    """
    others = [user for user in found if not user.script and not user.steps]
    if others:
        message = f"{others[0].what} uses the git credentials that checkout keeps, and cannot be given its own here"
        raise NoFix(message)
    if step.input("ssh-key"):
        message = f"{found[0].what} uses the SSH key that checkout keeps"
        raise NoFix(message)
    if step.input("github-server-url"):
        message = f"{found[0].what} uses the credentials of another server that checkout keeps"
        raise NoFix(message)
    token = step.input("token") or "${{ github.token }}"
    yield _helper(workflow, step, found, token)
    yield _setup_git(workflow, step, found, token)


def _helper(workflow: Workflow, step: Step, found: list[User], token: str) -> Candidate:
    edits = [_off(workflow, step)]
    values: dict[str, yamltext.Value] = {
        "GIT_TOKEN": token,
        "GIT_CONFIG_COUNT": 1,
        "GIT_CONFIG_KEY_0": "credential.https://github.com.helper",
        "GIT_CONFIG_VALUE_0": _HELPER,
    }
    for user in found:
        _free(workflow, user.step, [*values, "GIT_CONFIG_PARAMETERS"])
        edits += _environment(workflow, user.step, values)
    why = (
        f"{_named(found)} the credentials, so it gets the token in its own environment, where git's credential "
        "helper finds it (git 2.31 or later); nothing is written to disk."
    )
    return model.candidate("credentials-for-step", edits, why, declares=_changed(workflow, step, found))


def _setup_git(workflow: Workflow, step: Step, found: list[User], token: str) -> Candidate:
    edits = [_off(workflow, step)]
    for user in found:
        if not user.script:
            message = f"{user.what} is an action: the line would have to go into its own scripts"
            raise NoFix(message)
        if not workflow.shell(user.step).startswith(("bash", "sh")):
            message = f"{user.what} runs in {workflow.shell(user.step)}"
            raise NoFix(message)
        if user.step.job and user.step.job.node.child("container"):
            message = f"{user.what} runs in a container, whose image need not have `gh`"
            raise NoFix(message)
        if user.step.job and not workflow.hosted(user.step.job):
            message = f"{user.what} runs on a runner of somebody's own, which need not have `gh`"
            raise NoFix(message)
        _free(workflow, user.step, ["GH_TOKEN", "GITHUB_TOKEN"])
        edits += [*_environment(workflow, user.step, {"GH_TOKEN": token}), _first_line(workflow, user.step)]
    why = (
        f"{_named(found)} the credentials, so it gets the token and lets `gh` answer git's question for it; "
        "`gh` is on GitHub's runners."
    )
    runs = [dotted(path) for user in found for path in workflow.everywhere((*user.step.path, "run"))]
    return model.candidate("gh-setup-git", edits, why, declares=[*_changed(workflow, step, found), *runs])


def _named(found: list[User]) -> str:
    first = next((user for user in found if user.seen), found[0])
    verb = "needs" if first.seen else "may need"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{first.what}{more} {verb}"


def _changed(workflow: Workflow, step: Step, found: list[User]) -> list[str]:
    places = [path for user in found for path in workflow.everywhere((*user.step.path, "env"))]
    return [*_declared(workflow, step), *(dotted(path) for path in places)]


def _free(workflow: Workflow, step: Step, names: list[str]) -> None:
    """Raises `NoFix` where the step has one of these variables already."""
    places = [workflow.root.child("env"), step.job.node.child("env") if step.job else None, step.node.child("env")]
    for place in places:
        for name in place.keys() if place is not None else ():
            if name in names:
                message = f"a step that uses git has {name} in its environment already"
                raise NoFix(message)


def _environment(workflow: Workflow, step: Step, values: dict[str, yamltext.Value]) -> list[Edit]:
    names = step.node.keys()
    index = names.index("run") - 1 if "run" in names else names.index("uses")
    try:
        return yamledit.put_all(workflow.doc, step.node, "env", values, after=names[index] if index >= 0 else None)
    except ValueError as error:
        message = f"`env` of a step that uses git cannot be added to: {error}"
        raise NoFix(message) from error


def _first_line(workflow: Workflow, step: Step) -> Edit:
    node, key = step.node.child("run"), step.node.key("run")
    if node is None or key is None:
        message = "the step has no script"
        raise NoFix(message)
    doc = workflow.doc
    if not node.block:
        return yamledit.replace(doc, key, node, f"gh auth setup-git\n{node.value}")
    at = doc.next_line(node.start)
    first = re.match(r"(?:[ \t]*\r?\n)*(?P<indent>[ \t]*)", doc.slice(at, node.end))
    return yamledit.edit(doc, at, at, f"{first['indent'] if first else ''}gh auth setup-git\n")
