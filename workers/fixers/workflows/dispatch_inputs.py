"""Inputs of a workflow that is started by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model
from workers.source import yamledit

_USED = re.compile(
    r"\binputs\s*[.\[)]|\bgithub\.event\.inputs\b|\btoJSON\(\s*(?:inputs|github(?:\.event)?)\s*\)", re.IGNORECASE
)


@fixer(
    name="workflow-dispatch-inputs",
    weakness="Whoever starts a build by hand can change what it builds",
    rules={"checkov": ["CKV_GHA_7"]},
    explain=(
        "SLSA asks that a build depends on nothing but its source: inputs of `workflow_dispatch` let whoever starts "
        "it choose otherwise. Where the jobs use them, giving them up changes what the workflow is for, and that is "
        "for its owner to decide. Approaches: without the inputs, where no job uses them."
    ),
)
def propose(target: Target) -> Iterator[Candidate]:
    """Inputs that nobody uses → none."""
    workflow = model.read(target)
    dispatch = workflow.root.get("on", "workflow_dispatch")
    inputs = dispatch.child("inputs") if dispatch is not None else None
    if dispatch is None or inputs is None:
        message = "the workflow takes no inputs by hand"
        raise NoFix(message)
    text = re.sub(r"(?m)^\s*#.*", "", workflow.doc.content.decode("utf-8", "replace"))
    if _USED.search(text):
        message = "the jobs use these inputs: without them the workflow would do something else"
        raise NoFix(message)
    on = workflow.root.child("on")
    if on is None or len(dispatch.entries) > 1:
        edit = yamledit.delete_key(workflow.doc, dispatch, "inputs")
    else:
        edit = yamledit.set_key(workflow.doc, on, "workflow_dispatch", None)
    declares = ["on.workflow_dispatch.inputs/delete", "on.workflow_dispatch/delete", "on.workflow_dispatch"]
    yield model.candidate("without-inputs", [edit], "No job uses the inputs, so nothing is lost.", declares=declares)
