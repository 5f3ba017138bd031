"""Inputs of a workflow that is started by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import Harmless, NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.fixers.workflows.model import Workflow
from workers.source import yamledit

_USED = re.compile(
    r"\binputs\s*[.\[)]|\bgithub\.event\.inputs\b|\btoJSON\(\s*(?:inputs|github(?:\.event)?)\s*\)"
    r"|\bGITHUB_EVENT_PATH\b|\bgithub\.event_path\b|\bcontext\.payload\b",
    re.IGNORECASE,
)
_BLIND = re.compile(
    r"(?:actions|github|docker|aws-actions|azure|google-github-actions|hashicorp|pnpm|gradle|ruby|astral-sh)/",
    re.IGNORECASE,
)
"""Whose actions take what they need as inputs of their own."""
_ONLY_WHETHER = frozenset(("if", "run-name", "group", "cancel-in-progress"))
"""Keys that decide whether something runs, or what a run is called, and not what it makes."""


@fixer(
    name="workflow-dispatch-inputs",
    weakness="Whoever starts a build by hand can change what it builds",
    rules={"checkov": ["CKV_GHA_7"]},
    explain=(
        "SLSA asks that a build depends on nothing but its source: inputs of `workflow_dispatch` let whoever starts "
        "it choose otherwise. Where the jobs use them, giving them up changes what the workflow is for, and that is "
        "for its owner to decide; inputs that only decide whether a job or step runs change nothing that it makes. "
        "Approaches: without the inputs, where no job uses them."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """Inputs that nobody uses → none.

    Raises:
        Harmless: no step gets them.
    """
    workflow = model.read(target)
    dispatch = workflow.root.get("on", "workflow_dispatch")
    inputs = dispatch.child("inputs") if dispatch is not None else None
    if dispatch is None or inputs is None:
        message = "the workflow takes no inputs by hand"
        raise NoFix(message)
    text = re.sub(r"(?m)^\s*#.*", "", workflow.doc.content.decode("utf-8", "replace"))
    if _USED.search(text):
        if all(key in _ONLY_WHETHER for key in _users(workflow)):
            message = "the inputs only decide whether jobs and steps run: nothing that is built here depends on them"
            raise Harmless(message)
        message = "the jobs use these inputs: without them the workflow would do something else"
        raise NoFix(message)
    if reader := next((used for used in _uses(workflow) if not _BLIND.match(used)), None):
        message = f"{reader} may read them from the event itself, as every action can: ask its documentation first"
        raise NoFix(message)
    on = workflow.root.child("on")
    if on is None or len(dispatch.entries) > 1:
        edit = yamledit.delete_key(workflow.doc, dispatch, "inputs")
    else:
        edit = yamledit.set_key(workflow.doc, on, "workflow_dispatch", None)
    declares = ["on.workflow_dispatch.inputs/delete", "on.workflow_dispatch/delete", "on.workflow_dispatch"]
    yield model.candidate("without-inputs", [edit], "No job uses the inputs, so nothing is lost.", declares=declares)


def _uses(workflow: Workflow) -> Iterator[str]:
    """What the jobs and steps call."""
    for path, node in workflow.root.walk():
        if path and path[-1] == "uses" and node.kind == "scalar":
            yield node.value


def _users(workflow: Workflow) -> Iterator[str]:
    """The key of every value that names an input."""
    for path, node in workflow.root.walk():
        if node.kind == "scalar" and _USED.search(node.value):
            yield next((part for part in reversed(path) if isinstance(part, str)), "")
