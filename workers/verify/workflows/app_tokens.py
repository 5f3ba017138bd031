"""A GitHub App's token that was narrowed: whether the steps that get it may still do what they do."""

from __future__ import annotations

from collections.abc import Iterator

from workers.verify.workflows import scopes
from workers.verify.workflows.model import Job, Step, Workflow

_ACTION = "actions/create-github-app-token"
_PREFIX = "permission-"


def too_narrow(new: Workflow, before: Step, after: Step) -> str | None:
    """What a step needs that the token no longer has; none where it has all that shows."""
    granted = {name.removeprefix(_PREFIX): level for name, level in after.inputs.items() if name.startswith(_PREFIX)}
    if after.action != _ACTION or not granted or any(name.startswith(_PREFIX) for name in before.inputs):
        return None
    job = next((one for one in new.jobs if any(step is after for step in one.steps)), None)
    for need in _needs(job, f"steps.{after.id}.outputs.token") if job is not None else ():
        if not scopes.satisfied(need, granted):
            return f"the token is used for {' or '.join(need)}, which it no longer has"
    return None


def _needs(job: Job, token: str) -> Iterator[scopes.Need]:
    pushes_with_it = False
    for step in job.steps:
        given = token in " ".join((*step.inputs.values(), *step.env.values(), step.run or ""))
        if given and step.action == "actions/checkout":
            pushes_with_it = True
        found = [need for need in scopes.of_step(step) if need != ("id-token:write",)]
        yield from found if given else (need for need in found if pushes_with_it and need == ("contents:write",))
