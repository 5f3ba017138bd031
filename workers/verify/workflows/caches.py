"""A cache that is only looked up, or switched off: whether something needs what it no longer restores."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.verify.workflows.model import Step, Workflow

_INPUT = "lookup-only"
_GEMS = "bundler-cache"
_OF_THIS_RUN = re.compile(r"\bgithub\.(?:sha|run_id|run_number|run_attempt)\b")


_INSTALLS = re.compile(r"\bbundle(?:r)?\s+(?:install|check|--|\||$)|\bbundle\s*$|\bbin/setup\b", re.MULTILINE)


def not_restored(new: Workflow, before: Step, after: Step) -> str | None:
    """Why the files are missed; none where nothing shows that they are."""
    if before.action == "ruby/setup-ruby" and before.inputs.get(_GEMS) == "true" != after.inputs.get(_GEMS, "false"):
        runs = [step.run or "" for job in new.jobs if after in job.steps for step in job.steps]
        if not any(_INSTALLS.search(run) for run in runs):
            return f"`{_GEMS}` also installed the gems, which no step of the job does now"
    if after.inputs.get(_INPUT, "false") == "false" or before.inputs.get(_INPUT, "false") != "false":
        return None
    if _OF_THIS_RUN.search(before.inputs.get("key", "")) and not before.inputs.get("restore-keys"):
        return "the cache is of this run alone: it hands files from one job to another, and a look-up restores none"
    asked = f"steps.{after.id}.outputs.cache-hit"
    if after.id and any(asked in text for job in new.jobs for step in job.steps for text in _texts(step)):
        return f"a later step asks whether its cache was hit, and a look-up says so without restoring it ({asked})"
    return None


def _texts(step: Step) -> Iterator[str]:
    yield from (step.condition, step.run or "", *step.env.values(), *step.inputs.values())
