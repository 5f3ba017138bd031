"""Triggers that run with the repository's rights for whoever opens a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from daemon.domain.fix import Candidate, Edit
from workers.fixers.registry import NoFix, Target, fixer
from workers.fixers.workflows import model, scopes
from workers.fixers.workflows.model import EXPRESSION, Workflow
from workers.source import yamledit
from workers.source.yamldoc import Node

_DANGEROUS = "pull_request_target"
_SAFE = "pull_request"
_SECRET = re.compile(r"\bsecrets\.(?!GITHUB_TOKEN\b)[A-Za-z_]\w*|\bsecrets\s*[\[)]", re.IGNORECASE)
_HARMLESS_WRITES = frozenset(("pull-requests:read", "contents:read", "issues:read", "checks:read", "statuses:read",
                              "actions:read", "deployments:read", "packages:read"))  # fmt: skip


@fixer(
    name="dangerous-triggers",
    weakness="A stranger's pull request starts a run with the repository's secrets and token",
    rules={"zizmor": ["dangerous-triggers"], "codeql": ["actions/untrusted-checkout/*"],
           "scorecard": ["DangerousWorkflowID"],
           "semgrep": ["pull-request-target-code-checkout", "workflow-run-target-code-checkout"]},
    explain=(
        "`pull_request_target` and `workflow_run` run in the repository itself, with its secrets and a token that may "
        "write, although a fork's pull request started them. `pull_request` runs the same jobs with a token that reads "
        "and without secrets. That is enough where the jobs only read; where they comment, label, push or need a "
        "secret, the work has to be split in two workflows by a person. Approaches: `pull_request`, also in "
        "conditions that name the event."
    ),
)  # fmt: skip
def propose(target: Target) -> Iterator[Candidate]:
    """`pull_request_target` → `pull_request`, where the jobs need no more."""
    workflow = model.read(target)
    if _DANGEROUS not in workflow.triggers:
        message = (
            "`workflow_run` hands the rights of this workflow to whatever ran before it: splitting it, or calling "
        )
        message += "it with `workflow_call`, needs a person who knows both"
        raise NoFix(message)
    _enough(target, workflow)
    node = _trigger(workflow)
    if _SAFE in workflow.triggers:
        message = f"the workflow runs on `{_SAFE}` as well: which of the two a fork needs is for a person to say"
        raise NoFix(message)
    edits = [_renamed(workflow, node), *_conditions(workflow)]
    why = (
        "The jobs only read, so they run on `pull_request`, where a fork's run has a token that reads and no secrets. "
        "It uses the workflow of the pull request instead of that of the base branch."
    )
    declares = ["on", "on.pull_request", f"on.{_DANGEROUS}/delete", "on/delete", "jobs.*.if", "jobs.*.steps.*.if"]
    declares += ["jobs.*.concurrency", "concurrency", "jobs.*.steps.*.env", "jobs.*.steps.*.run", "jobs.*.steps.*.with"]
    yield model.candidate("pull-request", edits, why, declares=declares if len(edits) > 1 else declares[:4])


def _trigger(workflow: Workflow) -> Node:
    on = workflow.root.child("on")
    if on is None:
        message = "the workflow has no triggers"
        raise NoFix(message)
    found = on.key(_DANGEROUS) if on.kind == "mapping" else None
    items = [on, *on.items] if on.kind in ("scalar", "sequence") else []
    found = found or next((item for item in items if item.kind == "scalar" and item.value == _DANGEROUS), None)
    if found is None:
        message = "the trigger is written through an alias"
        raise NoFix(message)
    return found


def _enough(target: Target, workflow: Workflow) -> None:
    """Raises `NoFix` where a job needs what `pull_request` does not give to a fork."""
    text = re.sub(r"(?m)^\s*#.*", "", workflow.doc.content.decode("utf-8", "replace"))
    secret = next((found for match in EXPRESSION.finditer(text) if (found := _SECRET.search(match[0]))), None)
    if secret is not None:
        message = f"the jobs use {secret[0]}, which a fork's run does not get: split the work in two workflows"
        raise NoFix(message)
    for job in workflow.jobs:
        if job.node.text("secrets") == "inherit":
            message = f"job {job.name} hands on all secrets, which a fork's pull request does not get"
            raise NoFix(message)
        wanted = scopes.certain(workflow, job, target.tree)
        own = scopes.granted(job.node.child("permissions"))
        own = own if own is not None else scopes.granted(workflow.root.child("permissions"))
        writes = [word for word in [*scopes.words(wanted), *scopes.words(own or {})] if word not in _HARMLESS_WRITES]
        if writes:
            message = f"job {job.name} needs {writes[0]}, which a fork's pull request does not get: split the work in "
            message += "two workflows"
            raise NoFix(message)


def _renamed(workflow: Workflow, node: Node) -> Edit:
    source = workflow.doc.source(node)
    at = node.start + source.index(_DANGEROUS)
    return yamledit.edit(workflow.doc, at, at + len(_DANGEROUS), _SAFE)


def _conditions(workflow: Workflow) -> Iterator[Edit]:
    """Comparisons with the event's name."""
    content = workflow.doc.content
    for match in re.finditer(rb"(?P<quote>['\"])pull_request_target(?P=quote)", content):
        line = content[workflow.doc.line_start(match.start()) : match.start()]
        if (
            not line.lstrip().startswith(b"#")
            and b"event_name" in content[max(0, match.start() - 80) : match.end() + 40]
        ):
            yield yamledit.edit(workflow.doc, match.start() + 1, match.end() - 1, _SAFE)
