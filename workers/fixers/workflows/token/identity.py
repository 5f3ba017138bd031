"""Whether a job may show its identity (`id-token`) to another service, which takes no token by name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from workers.fixers.workflows.model import Job, Workflow
from workers.fixers.workflows.token import composites, goreleaser, scopes, tokens
from workers.source.ran import ran
from workers.source.tree import SourceTree

SCOPES = frozenset(("id-token",))
"""They are to write or nothing."""
_ASKS = re.compile(
    r"\bsign\b|attest|provenance|sigstore|oidc|ID_TOKEN|vault|\b(?:aws|az|gcloud)\b"
    r"|\b(?:terraform|tofu|terragrunt|pulumi)\s+(?:[^\n]*\s)?(?:init\b(?![^\n]*-backend=false)|plan|apply|destroy|import|preview|up)\b",
    re.IGNORECASE,
)
_SETTINGS = re.compile(r"oidc|WEB_IDENTITY|WORKLOAD_IDENTITY|ID_TOKEN|VAULT_", re.IGNORECASE)
"""Variables by which a program is told to ask for it."""
_ACTIONS = re.compile(r"semantic-release|^changesets/|npm-publish|cosign|chainctl|^(?:depot|determinatesystems)/")
"""Actions that prove who they are where their own settings ask for it, or that install what does."""
_PUBLISHES = re.compile(r"publish|release|deploy|upload", re.IGNORECASE)
_SAYS = re.compile(
    r"\$\{\{.*?\}\}|^\s*(?:#|echo\b|printf\b|curl\b|gh\b|git\b|\w+=(?!\S*(?:\$\(|`)))[^\n]*", re.MULTILINE
)
"""Values, and what is said, fetched, or asked of GitHub, which gets a token: none of it publishes by an identity."""


def proof(workflow: Workflow, job: Job, tree: SourceTree, before: Mapping[str, str], depth: int = 0) -> dict[str, str]:
    """The identity that a job has, where an action that is not known here or a command may ask for it."""
    if not any(before.get(scope) == "write" for scope in SCOPES):
        return {}
    if job.uses:
        return _of_callee(job.uses, tree, before, depth)
    steps = [step for _, step, _ in composites.unfolded(workflow, workflow.steps_of(job), tree, 0, frozenset())]
    below = (each.text or "" for step in steps for each in ran(step.run, step.folder, tree))
    scripts = "\n".join((*(step.run for step in steps), *below))
    nodes = (workflow.root, job.node, *(step.node for step in steps))
    env = (text for node in nodes for pair in tokens.environment(node).items() for text in pair)
    shows = _ASKS.search(scripts) or _PUBLISHES.search(_SAYS.sub("", scripts))
    may = any(_SETTINGS.search(text) for text in env) or any(_ACTIONS.search(step.action) for step in steps)
    may = may or (any(goreleaser.runs(step) for step in steps) and goreleaser.may_sign(tree))
    return dict.fromkeys(SCOPES, "write") if shows or may or scopes.of_job(workflow, job, tree).assumed else {}


def _of_callee(uses: str, tree: SourceTree, before: Mapping[str, str], depth: int) -> dict[str, str]:
    """What the jobs of a called workflow may ask for that name no scopes themselves."""
    path = composites.local(uses, tree)
    callee = composites.read(tree, [path[2:].partition("@")[0]]) if path is not None else None
    if callee is None or callee.root.child("permissions") is not None or depth >= composites.MAX_DEPTH:
        return {}
    found: dict[str, str] = {}
    for job in callee.jobs:
        if job.node.child("permissions") is None:
            found |= proof(callee, job, tree, before, depth + 1)
    return found
