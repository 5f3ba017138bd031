"""What a step's output can be, where the script that writes it says so in plain text."""

from __future__ import annotations

import re

from workers.fixers.workflows.model import Step, Workflow
from workers.fixers.workflows.script.expressions import inner

_OUTPUT = re.compile(r"steps\.(?P<step>[\w-]+)\.outputs\.(?P<name>[\w-]+)")
_WRITE = (
    r"""^[ \t]*echo[ \t]+(?P<quote>["']?){name}=(?P<text>[\w./:@=+ -]*)(?P=quote)[ \t]*>>"""
    r"""[ \t]*"?\$\{{?GITHUB_OUTPUT\}}?"?[ \t]*$"""
)


def listed(workflow: Workflow, step: Step, expression: str) -> list[str]:
    """Every text that an earlier script of the job gives to the output; none where it may be something else."""
    match = _OUTPUT.fullmatch(inner(expression))
    if match is None or step.job is None:
        return []
    before = workflow.steps_of(step.job)[: step.index]
    writer = next((one for one in before if one.node.text("id") == match["step"]), None)
    if writer is None:
        return []
    name = re.escape(match["name"])
    found = [one["text"].strip() for one in re.finditer(_WRITE.format(name=name), writer.run, re.MULTILINE)]
    named = len(re.findall(rf"(?<![\w-]){name}(?:=|<<|::)", writer.run))
    return list(dict.fromkeys(found)) if all(found) and len(found) == named else []
