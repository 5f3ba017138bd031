"""Whether softprops/action-gh-release makes the release that the archived actions/create-release made."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.verify.workflows.model import Step, Workflow

OLD, NEW = "actions/create-release", "softprops/action-gh-release"
_RENAMED = {"release_name": "name", "commitish": "target_commitish"}


def otherwise(new: Workflow, before: Step, after: Step) -> str | None:
    """What the release, or a step that reads of it, lacks; none where it lacks nothing, or no action took over."""
    if (before.action, after.action) != (OLD, NEW):
        return None
    gone = [name for name in before.inputs if _RENAMED.get(name, name) not in after.inputs]
    if gone:
        return f"the release is made without {gone[0]}"
    if re.search(r"github\.ref\s*\}\}", after.inputs.get("name", "")):
        return "the title of the release begins with refs/tags/, which only the old action cut out"
    asked = f"steps.{after.id}.outputs.html_url"
    reads = after.id and any(asked in text for job in new.jobs for step in job.steps for text in _texts(step))
    return f"a step reads {asked}, which the new action does not set" if reads else None


def _texts(step: Step) -> Iterator[str]:
    yield from (step.run or "", step.condition, *step.env.values(), *step.inputs.values())
