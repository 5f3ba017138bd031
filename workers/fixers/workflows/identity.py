"""Whether a job may show its identity (`id-token`) to another service, which takes no token by name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from workers.fixers.workflows import scopes
from workers.fixers.workflows.model import Job, Workflow
from workers.source.ran import ran
from workers.source.tree import SourceTree

SCOPES = frozenset(("id-token",))
"""They are to write or nothing."""
_ASKS = re.compile(r"\bsign\b|attest|provenance|sigstore|oidc|ID_TOKEN|vault|\b(?:aws|az|gcloud)\b", re.IGNORECASE)
_PUBLISHES = re.compile(r"publish|release|deploy|upload", re.IGNORECASE)
_SAYS = re.compile(
    r"\$\{\{.*?\}\}|^\s*(?:#|echo\b|printf\b|curl\b|gh\b|git\b|\w+=(?!\S*(?:\$\(|`)))[^\n]*", re.MULTILINE
)
"""Values, and what is said, fetched, or asked of GitHub, which gets a token: none of it publishes by an identity."""


def proof(workflow: Workflow, job: Job, tree: SourceTree, before: Mapping[str, str]) -> dict[str, str]:
    """The identity that a job has, where an action that is not known here or a command may ask for it."""
    if not any(before.get(scope) == "write" for scope in SCOPES):
        return {}
    steps = workflow.steps_of(job)
    below = (each.text or "" for step in steps for each in ran(step.run, step.folder, tree))
    scripts = "\n".join((*(step.run for step in steps), *below))
    shows = _ASKS.search(scripts) or _PUBLISHES.search(_SAYS.sub("", scripts))
    return dict.fromkeys(SCOPES, "write") if shows or scopes.of_job(workflow, job, tree).assumed else {}
