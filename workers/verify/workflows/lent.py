"""The identity that a reusable workflow has from its callers, where it says nothing of its own permissions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.errors import SourceUnavailable
from workers.source.tree import SourceTree
from workers.verify.workflows import scopes
from workers.verify.workflows.model import Job, Workflow, workflow

_IDENTITY: scopes.Need = ("id-token:write",)
_MAY_SHOW_IT = re.compile(
    r"vault|oidc|auth|login|credential|secret|sign|attest|provenance|deploy|publish|\baws|\bgcp|google|azure",
    re.IGNORECASE,
)
_KNOWN = re.compile(r"(?:docker|github)/|actions/(?!attest)")
"""What logs in by a password, or asks for no identity."""


def lost(path: str, old: Workflow, new: Workflow, tree: SourceTree) -> Iterator[str]:
    """The jobs that could show whom they run for, and can no longer."""
    after = {job.name: job for job in new.jobs}
    for job in old.jobs:
        had = scopes.grants(job.permissions, old.permissions)
        has = scopes.grants(after[job.name].permissions, new.permissions) if job.name in after else None
        shows = None if had is not None or scopes.satisfied(_IDENTITY, has) else _shows(job)
        if shows is not None and (caller := _lender(path, tree)) is not None:
            yield f"job {job.name}: {shows} may show the identity that {caller} lends, which is no longer granted"


def _shows(job: Job) -> str | None:
    actions = (step.action for step in job.steps if step.action is not None and not _KNOWN.match(step.action))
    return next((action for action in actions if _MAY_SHOW_IT.search(action)), None)


def _lender(path: str, tree: SourceTree) -> str | None:
    if not path:
        return None
    for other in tree.paths():
        if not other.startswith(".github/workflows/"):
            continue
        try:
            content = tree.read(other)
        except SourceUnavailable:
            continue
        caller = workflow(content) if path.encode() in content else None
        for job in caller.jobs if caller is not None else ():
            granted = scopes.grants(job.permissions, caller.permissions if caller is not None else None)
            if path in (job.uses or "") and granted is not None and scopes.satisfied(_IDENTITY, granted):
                return other
    return None
