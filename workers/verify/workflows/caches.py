"""A cache that is only looked up: whether something needs what it no longer restores."""

from __future__ import annotations

import re

from workers.verify.workflows.model import Step, Workflow

_INPUT = "lookup-only"
_OF_THIS_RUN = re.compile(r"\bgithub\.(?:sha|run_id|run_number|run_attempt)\b")


def not_restored(new: Workflow, before: Step, after: Step) -> str | None:
    """Why the files are missed; none where nothing shows that they are."""
    if after.inputs.get(_INPUT, "false") == "false" or before.inputs.get(_INPUT, "false") != "false":
        return None
    if _OF_THIS_RUN.search(before.inputs.get("key", "")) and not before.inputs.get("restore-keys"):
        return "the cache is of this run alone: it hands files from one job to another, and a look-up restores none"
    asked = f"steps.{after.id}.outputs.cache-hit"
    if after.id and any(asked in step.condition for job in new.jobs for step in job.steps):
        return f"a later step asks whether its cache was hit, and a look-up says so without restoring it ({asked})"
    return None
